import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import { readNotation } from '../../../../infra/provider-alicloud/scripts/build.ts';
import { standInProvider } from './provider.ts';

// Terraform starts this program as it would start the real provider, and reads one line that says where it listens.

const pluginMagicCookie = 'TF_PLUGIN_MAGIC_COOKIE';

function load(protoFile: string): grpc.GrpcObject {
  const definition = loader.loadSync(join(import.meta.dirname, protoFile), {
    keepCase: true,
    longs: Number,
    defaults: true,
  });
  return grpc.loadPackageDefinition(definition);
}

function serviceOf(object: grpc.GrpcObject, packageName: string, name: string): grpc.ServiceDefinition {
  const service = (object[packageName] as grpc.GrpcObject)[name] as grpc.ServiceClientConstructor;
  return service.service;
}

/** A call answers with what its function returns; what it throws reaches Terraform as the failure of that call. */
function unary(answer: (request: never) => unknown): grpc.handleUnaryCall<unknown, unknown> {
  return (call, reply) => {
    try {
      reply(null, answer(call.request as never));
    } catch (error) {
      reply({
        code: grpc.status.INTERNAL,
        details: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  };
}

if (process.env[pluginMagicCookie] === undefined) {
  throw new Error('this is a Terraform provider: Terraform starts it, by itself it is of no use');
}
const logFile = process.env['STAND_IN_LOG'];
if (logFile === undefined) throw new Error('set STAND_IN_LOG to the file that calls are logged to');
const monitorGroups = (process.env['STAND_IN_MONITOR_GROUPS'] ?? '').split(',').filter((id) => id !== '');

const server = new grpc.Server();
const provider = standInProvider({ notation: await readNotation(), logFile, monitorGroups });
const calls = Object.entries(provider).map(([name, answer]) => [name, unary(answer)]);
server.addService(serviceOf(load('tfplugin5.proto'), 'tfplugin5', 'Provider'), Object.fromEntries(calls));
server.addService(serviceOf(load('plugin-control.proto'), 'plugin', 'GRPCController'), {
  Shutdown: (_call: unknown, reply: grpc.sendUnaryData<unknown>) => {
    reply(null, {});
    server.tryShutdown(() => process.exit(0));
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`1|5|tcp|127.0.0.1:${port}|grpc|\n`);
});
