import { DOOR, type DoorCase, GOOD_METRIC, type Step } from "./door-case.ts";

const send = { service: "test", metrics: [GOOD_METRIC] };
const other = { service: "test", metrics: [{ ...GOOD_METRIC, value: 2 }] };
const one = { rows: { metrics: [{ value: 1 }] } };
const none = { rows: { metrics: [] } };
const again = { ...none, accepted: 1, duplicate: true };
const conflict = { ...none, failure: "idempotency_conflict" };

const field = (key: string, body = send) => ({ send: { ...body, idempotency_key: `${DOOR}-${key}` } });
const header = (key: string, body = send) => ({
  send: body,
  headers: { "idempotency-key": `${DOOR}-${key}` },
});

function sequence(name: string, ...steps: readonly Step[]): DoorCase {
  return { name, steps };
}

export const IDEMPOTENCY_CASES: readonly DoorCase[] = [
  sequence(
    "the same idempotency key in the field stores once",
    { ...field("a"), expect: one },
    { ...field("a"), expect: again },
    { ...field("a"), expect: again },
  ),
  sequence(
    "the same idempotency key in the header stores once",
    { ...header("b"), expect: one },
    { ...header("b"), expect: again },
  ),
  sequence(
    "header and field are the same key",
    { ...header("c"), expect: one },
    { ...field("c"), expect: again },
  ),
  sequence(
    "the field wins over the header",
    { ...header("d"), ...field("e"), expect: one },
    { ...header("d"), expect: one },
    { ...field("e"), expect: again },
  ),
  sequence(
    "the same key with another body is a conflict, and the first answer stays",
    { ...field("f"), expect: one },
    { ...field("f", other), expect: conflict },
    { ...field("f"), expect: again },
  ),
  sequence(
    "a repeated partial success is the first answer again",
    {
      send: { service: "test", idempotency_key: `${DOOR}-g`, metrics: [GOOD_METRIC, { type: "no" }] },
      expect: { accepted: 1, problems: ["metrics[1].type unknown_type", "metrics[1].value required"] },
    },
    {
      send: { service: "test", idempotency_key: `${DOOR}-g`, metrics: [GOOD_METRIC, { type: "no" }] },
      expect: { ...again, problems: ["metrics[1].type unknown_type", "metrics[1].value required"] },
    },
  ),
  sequence(
    "a call that failed leaves its key free",
    {
      send: { service: "test", idempotency_key: `${DOOR}-h`, metrics: [{ type: "no", value: 1 }] },
      expect: { failure: "validation_failed", problems: ["metrics[0].type unknown_type"], ...none },
    },
    { ...field("h"), expect: one },
  ),
  sequence("without a key the same body is stored each time", { send, expect: one }, { send, expect: one }),
];
