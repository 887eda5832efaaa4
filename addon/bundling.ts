import { build, type Metafile } from 'esbuild';

export interface Bundling {
  /** Paths from the project's root; each becomes a file of its name in `outdir`. */
  readonly entryPoints: readonly string[];
  readonly outdir: string;
  /** Whether code of several entries, and code loaded late, lies in files of its own (`true`), or each entry has all it needs. */
  readonly splitting: boolean;
}

/** Makes modules for Node 24 with everything they need, as docs/adr/0033 says; resolves to what they were made of. */
export async function bundle({ entryPoints, outdir, splitting }: Bundling): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [...entryPoints],
    entryNames: '[name]',
    outdir,
    bundle: true,
    splitting,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // A native client that pg would take if it were installed.
    external: ['pg-native'],
    // Several dependencies are CommonJS and load parts of Node by `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    legalComments: 'none',
    metafile: true,
  });
  return metafile;
}
