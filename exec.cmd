@rem npm runs its scripts with cmd.exe on Windows, which knows no exec. Elsewhere it is the shell that makes room for node.
@%*
