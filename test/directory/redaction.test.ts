import { test } from "uvu";
import * as assert from "uvu/assert";
import { ServiceError } from "../../src/errors.ts";
import { redact } from "../../src/ingest/redaction.ts";

/** Shows whose pseudonym it is; holds nothing of the id. */
const pseudonymise = (id: string) => `<${Buffer.from(id).toString("hex").slice(0, 8)}>`;
const of = (details: unknown, user?: string) => JSON.parse(redact(details, pseudonymise, user).details);

const ALICE = "alice@example.com";
const HIDDEN = pseudonymise(ALICE);

const NAMES = [
  "user_id",
  "userId",
  "UserID",
  "user-id",
  "user.id",
  "USER ID",
  "user",
  "uid",
  "username",
  "email",
  "e-mail",
  "user_email",
  "emailAddress",
  "account_id",
  "customer-id",
  "member",
  "visitorId",
  "session_id",
  "mcp.session.id",
  "sub",
];

for (const name of NAMES) {
  test(`an id under ${name} is kept as its pseudonym, with a user named at the top and without`, () => {
    assert.equal(of({ [name]: ALICE }), { [name]: HIDDEN });
    assert.equal(of({ a: [{ [name]: ALICE }] }, "somebody-else"), { a: [{ [name]: HIDDEN }] });
    assert.equal(of({ [name]: 867_530_961 }), { [name]: pseudonymise("867530961") });
    assert.equal(of({ [name]: [ALICE, { id: 7 }] }), { [name]: [HIDDEN, { id: pseudonymise("7") }] });
    for (const empty of ["", null, true, false, [], {}])
      assert.equal(of({ [name]: empty }), { [name]: empty });
  });
}

const SPELLINGS = [
  ALICE,
  "ALICE@EXAMPLE.COM",
  "alice%40example.com",
  "Alice%2540Example.com",
  "alice&#64;example.com",
  "alice\\u0040example.com",
];

for (const spelling of SPELLINGS) {
  test(`${spelling} is found wherever the id is known from, and is the same person`, () => {
    const details = {
      path: `/users/${spelling}/x`,
      list: [spelling],
      [spelling]: 1,
      text: `by ${spelling}, twice ${spelling}`,
    };
    const expected = {
      path: `/users/${HIDDEN}/x`,
      list: [HIDDEN],
      [HIDDEN]: 1,
      text: `by ${HIDDEN}, twice ${HIDDEN}`,
    };
    assert.equal(of(details, ALICE), expected, "named at the top");
    assert.equal(
      of({ ...details, user_id: ALICE }),
      { ...expected, user_id: HIDDEN },
      "named in the details",
    );
    assert.equal(
      of({ user_id: spelling, email: ALICE }).email,
      of({ user_id: spelling, email: ALICE }).user_id,
    );
    assert.is(of({ user_id: spelling }, ALICE).user_id, HIDDEN);
    assert.is(redact({ user_id: ALICE }, pseudonymise).hide(`tool-${spelling}`), `tool-${HIDDEN}`);
  });
}

test("of two ids that begin alike the longer one is hidden whole", () => {
  assert.equal(of({ user: "alice", email: ALICE, text: `${ALICE} alice` }), {
    user: pseudonymise("alice"),
    email: HIDDEN,
    text: `${HIDDEN} ${pseudonymise("alice")}`,
  });
});

test("a short id hides itself alone, and no part of anything else", () => {
  assert.equal(of({ user_id: "abc", text: "abcdef abc", same: "abc", n: 3 }), {
    user_id: pseudonymise("abc"),
    text: "abcdef abc",
    same: pseudonymise("abc"),
    n: 3,
  });
  assert.equal(of({ user_id: 7, page: 7 }), { user_id: pseudonymise("7"), page: 7 });
});

test("what names nobody stays as it is", () => {
  const details = {
    users_count: "12",
    user_type: "admin",
    is_user: true,
    customer_segment: "b2b",
    subject: "metrics",
    submitted: "yes",
    mailbox: "full",
  };
  assert.equal(of(details), details);
});

test("a version is no address under a name of versions, and everything else that looks like one is", () => {
  const versions = {
    version: "1.2.3.4",
    clientVersion: "v10.0.0.1",
    versions: ["1.2.3.4", "5.6.7.8"],
    build: "10.1.2.3",
  };
  assert.equal(of(versions), versions);
  assert.equal(of({ version: "from 203.0.113.9", ip: "1.2.3.4" }), {
    version: "from 203.0.0.0/16",
    ip: "1.2.0.0/16",
  });
});

test("any number of ids costs no more than details may have of them", () => {
  const ids = Array.from({ length: 200 }, (_, at) => `u${at}`);
  const found = of({ user_ids: 1, users: ids, text: "u199" }) as { users: string[]; text: string };
  assert.equal(found.users, ids.map(pseudonymise));
  for (const details of [{ users: Array(5000).fill(1) }, { x: "y".repeat(4097) }, { ["k".repeat(4097)]: 1 }])
    assert.throws(() => of(details), /details too large/);
});

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36";

for (const name of ["user_agent", "userAgent", "User-Agent", "agent"]) {
  test(`the versions of products under ${name} are no addresses, and addresses there are`, () => {
    assert.equal(of({ [name]: BROWSER }), { [name]: BROWSER });
    assert.equal(of({ [name]: `${BROWSER} 203.0.113.9` }), { [name]: `${BROWSER} 203.0.0.0/16` });
    assert.equal(of({ client: { [name]: [BROWSER] } }), { client: { [name]: [BROWSER] } });
    assert.equal(of({ path: "host/203.0.113.9" }), { path: "host/203.0.0.0/16" });
  });
}

/** `levels` objects or lists around a number. */
function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  return levels === 0 ? 1 : wrap(nested(levels - 1, wrap));
}

for (const [name, wrap] of [
  ["objects", (inner: unknown) => ({ a: inner })],
  ["lists", (inner: unknown) => [inner]],
  ["objects of people", (inner: unknown) => ({ user: inner })],
] as const) {
  test(`details of ${name} may be nested 16 deep, and no deeper`, () => {
    const details = (levels: number) => ({ root: nested(levels - 1, wrap) });
    for (const levels of [1, 2, 15, 16]) assert.is(Object.keys(of(details(levels))).length, 1);
    for (const levels of [17, 18, 100, 2000]) {
      assert.throws(
        () => of(details(levels)),
        (error: unknown) =>
          error instanceof ServiceError &&
          error.violations[0]?.field === "details" &&
          error.violations[0].reason === "too_deep",
        `${levels} deep`,
      );
    }
  });
}

test.run();
