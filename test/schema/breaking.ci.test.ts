/** What may not change in v1, each mistake made on purpose: the check must fail, and name it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openWorkingCopy, type Verdict } from "./working-copy.ts";

const SERVICE = "proto/mcp/metrics/v1/metrics_service.proto";
const METRIC = "proto/mcp/metrics/v1/metric.proto";
const QUERY = "proto/mcp/metrics/v1/query_service.proto";

const MISTAKES = [
  {
    name: "a field renamed",
    edit: [SERVICE, "string instance_id = 3;", "string instance = 3;"],
    says: 'Field "3" on message "SubmitRequest" changed name from "instance_id" to "instance"',
  },
  {
    name: "a field removed",
    edit: [SERVICE, "bool duplicate = 6;", ""],
    says: 'Previously present field "6" with name "duplicate" on message "SubmitResponse" was deleted',
  },
  {
    name: "a field removed, even with its number and its name reserved",
    edit: [METRIC, "string message = 4;", 'reserved 4;\n  reserved "message";'],
    says: 'Previously present field "4" with name "message" on message "Rejection" was deleted',
  },
  {
    name: "a field given another number",
    edit: [SERVICE, "int32 reset_time_seconds = 4;", "int32 reset_time_seconds = 9;"],
    says: 'Previously present field "4" with name "reset_time_seconds" on message "RateLimitStatusResponse" was deleted',
  },
  {
    name: "a field given another type",
    edit: [METRIC, "int32 index = 1;", "string index = 1;"],
    says: 'Field "1" with name "index" on message "Rejection" changed type from "int32" to "string"',
  },
  {
    name: "an RPC renamed",
    edit: [SERVICE, "rpc Flush(", "rpc Commit("],
    says: 'Previously present RPC "Flush" on service "MetricsService" was deleted',
  },
  {
    name: "a value of an enum renamed",
    edit: [QUERY, "FILTER_OPERATOR_IN = 3;", "FILTER_OPERATOR_ANY_OF = 3;"],
    says: 'Enum value "3" on enum "FilterOperator" changed name from "FILTER_OPERATOR_IN" to "FILTER_OPERATOR_ANY_OF"',
  },
] as const;

const test = suite<{ verdict: Verdict }>("npm run breaking");

test.before(async (context) => {
  const copy = openWorkingCopy();
  for (const {
    edit: [file, from, to],
  } of MISTAKES)
    copy.edit(file, from, to);
  context.verdict = await copy.script("breaking");
  copy.remove();
});

for (const { name, edit, says } of MISTAKES) {
  test(`${name} fails the check, which names file and field`, ({ verdict }) => {
    const line = verdict.output.split("\n").find((one) => one.includes(says)) ?? "";
    assert.match(line, new RegExp(`^${edit[0]}:\\d+:\\d+:`), verdict.output);
    assert.not(verdict.passed);
  });
}

test.run();
