import { hasCode } from '../../domain/errors.ts';
import type { DoctorConfig } from '../../config/config.ts';
import { readDoctorConfig } from '../../config/read-config.ts';
import type { CliContext, ExitCode } from '../context.ts';
import { examineCompatibility } from '../doctor/compat.ts';
import { examineDataDirectory } from '../doctor/data-directory.ts';
import { failed, type Finding } from '../doctor/finding.ts';
import { mintEnvironmentKey, type MintedKey } from '../doctor/host-key.ts';
import { examineOtherInstallation } from '../doctor/other-installation.ts';
import { examineRancher } from '../doctor/rancher-findings.ts';
import { redactText } from '../../observability/redaction.ts';

/**
 * Prints one line for each check; the exit code is 1 when one failed. Asked to, it lists instead what changes for the receivers
 * of the old service, or makes an environment API key and prints it, this once. @throws ConfigurationError, CliError, ServiceError
 */
export async function doctor(
  context: CliContext,
  options: { readonly json?: true; readonly mintEnvironmentKey?: true; readonly compat?: true },
): Promise<ExitCode> {
  if (options.mintEnvironmentKey) {
    const key = await mintEnvironmentKey(readDoctorConfig(context.environment).rancher);
    for (const line of options.json ? [JSON.stringify(key, undefined, 2)] : describeKey(key)) context.print(line);
    return 0;
  }
  const config = readDoctorConfig(context.environment);
  const findings = await (options.compat ? examineCompatibility(config) : examine(config));
  if (options.json) context.print(JSON.stringify(findings, undefined, 2));
  else for (const finding of findings) context.print(redactText(describe(finding)));
  return findings.some((finding) => finding.state === 'failed') ? 1 : 0;
}

async function examine(config: DoctorConfig): Promise<readonly Finding[]> {
  const { rancher, installPlace, dataDirectory } = config;
  const { findings, projectId } = await examineRancherSafely(config);
  const other = projectId === undefined ? [] : [await examineOtherInstallation(rancher, { installPlace, projectId })];
  return [...findings, ...other, examineDataDirectory(dataDirectory)];
}

/** Rancher may break off in the middle; what was found before is then still worth saying, and so is where the data goes. */
async function examineRancherSafely({ rancher }: DoctorConfig): Promise<{
  readonly findings: readonly Finding[];
  readonly projectId?: string;
}> {
  try {
    return await examineRancher(rancher);
  } catch (error) {
    if (!hasCode(error)) throw error;
    return {
      findings: [
        failed('address', error.message, 'see that CATTLE_URL is the address of Rancher 1.6 and that it runs'),
      ],
    };
  }
}

function describeKey({ projectId, accessKey, secretKey }: MintedKey): readonly string[] {
  return [
    `Rancher made an environment API key for ${projectId}; its secret is shown only now:`,
    `CATTLE_HOST_ACCESS_KEY=${accessKey}`,
    `CATTLE_HOST_SECRET_KEY=${secretKey}`,
  ];
}

function describe({ state, check, message, remedy }: Finding): string {
  const mark = state === 'ok' ? 'ok      ' : `${state.toUpperCase()}${' '.repeat(8 - state.length)}`;
  return `${mark}${check}: ${message}${remedy === undefined ? '' : `; ${remedy}`}`;
}
