import type { Operations } from "./operations.ts";

/** Calls an operation by its name: of the writer thread, or of a database that is open here. */
export type CallOperation = <Name extends keyof Operations>(
  name: Name,
  ...input: Parameters<Operations[Name]>
) => Promise<ReturnType<Operations[Name]>>;

/** Operations of a database that is open here, called as those of a thread are. */
export function callsTo(operations: Operations): CallOperation {
  return async (name, ...input) => {
    const operation = operations[name] as (...input: unknown[]) => never;
    return operation(...input);
  };
}

/** What administration and retention need of storage, each as a function. */
export function administrationStorage(call: CallOperation) {
  const bound =
    <Name extends keyof Operations>(name: Name) =>
    (...input: Parameters<Operations[Name]>) =>
      call(name, ...input);
  return {
    listKeys: bound("listKeys"),
    createKey: bound("createKey"),
    revokeKey: bound("revokeKey"),
    rotateKey: bound("rotateKey"),
    listServers: bound("listServers"),
    registerServer: bound("registerServer"),
    updateServer: bound("updateServer"),
    setServerSecret: bound("setServerSecret"),
    rotateServerKey: bound("rotateServerKey"),
    recordAudit: bound("recordAudit"),
    finishAudit: bound("finishAudit"),
    listAudit: bound("listAudit"),
    listPolicies: bound("listPolicies"),
    setPolicy: bound("setPolicy"),
    surveyTable: bound("surveyTable"),
    flushRollups: bound("flushRollups"),
    deleteExpired: bound("deleteExpired"),
    deleteRollupKeys: bound("deleteRollupKeys"),
    giveBackSpace: bound("giveBackSpace"),
    readTrustedTime: bound("readTrustedTime"),
    saveTrustedTime: bound("saveTrustedTime"),
    countUngoverned: bound("countUngoverned"),
    databaseSize: bound("databaseSize"),
  };
}
