import { invalidField } from "../errors.ts";
import { foldText, type Replacement, replaceFolded } from "../lib/folded-text.ts";
import { isRecord } from "../lib/json.ts";
import { hideAddresses } from "../lib/network.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";

/** Bytes of details, as JSON in UTF-8. */
export const DETAILS_BYTES_MAX = 4096;
/** Answered for details that are too large before or after redaction. */
const TOO_LARGE = `details too large: at most ${DETAILS_BYTES_MAX} bytes of JSON`;

/** Nested no deeper, so that the walk through them is short, too. */
const DEPTH_MAX = 16;
/** A shorter id may be part of any text; it is only hidden where it is the whole of one. */
const SEARCHED_ID_LENGTH_MIN = 4;
/** Ids that texts are searched for; each costs a search. */
const SEARCHED_IDS_MAX = 50;

/** What names a person, in small letters and without what stands between words. */
const PERSON_NAMES = new Set(
  (
    "user users userid userids useruuid useruid uid username userlogin useremail loginname email emails " +
    "emailaddress mail account accountid accountname customer customerid member memberid person personid " +
    "visitor visitorid anonymousid distinctid sub principal sessionid mcpsessionid enduser enduserid actor actorid"
  ).split(" "),
);
/** What has a version: four numbers between dots are no address there. */
const VERSION_NAME = /(?:version|versions|release|build|firmware)$/;

/** What has a User-Agent, with products and their versions. */
const AGENT_NAME = /agent$/;

/** What a client tells of a use besides the fields that are specified. */
export interface Redacted {
  /** As JSON. */
  readonly details: string;
  /** Another text of the same request without the people that it names. */
  readonly hide: (text: string) => string;
}

/**
 * Details without what names people: what stands under a name of the list, and each of these ids in every other
 * text and every spelling, becomes its pseudonym, and addresses become networks.
 *
 * @param user the id that the request names itself
 * @throws {ServiceError} `validation_failed`
 */
export function redact(details: unknown, pseudonymise: Pseudonymise, user?: string): Redacted {
  if (details !== undefined && details !== null && !isRecord(details))
    reject("invalid", "details must be an object");
  const ids = new Ids(pseudonymise);
  if (user !== undefined) ids.add(user);
  gatherIds(details ?? {}, ids);
  const { hide } = ids;
  const json = JSON.stringify(clean(details ?? {}, ids));
  if (Buffer.byteLength(json) > DETAILS_BYTES_MAX) reject("too_large", TOO_LARGE);
  return { details: json, hide };
}

/** Note the ids of people before anything is searched for them; bounds what is looked at at all. */
function gatherIds(details: unknown, ids: Ids): void {
  let left = DETAILS_BYTES_MAX;
  const walk = (value: unknown, isPerson: boolean, depth: number): void => {
    if (depth > DEPTH_MAX) reject("too_deep", `details are nested more than ${DEPTH_MAX} deep`);
    left -= typeof value === "string" ? value.length : 1;
    // Before it is searched: texts of RPCs may be as long as a message.
    if (left < 0) reject("too_large", TOO_LARGE);
    if (isPerson && isId(value)) ids.add(String(value));
    if (Array.isArray(value)) for (const item of value) walk(item, isPerson, depth + 1);
    else if (isRecord(value)) {
      for (const [key, member] of Object.entries(value)) {
        left -= key.length;
        walk(member, isPerson || PERSON_NAMES.has(plainName(key)), depth + 1);
      }
    }
  };
  walk(details, false, 0);
}

/** The details once more, each text without people and addresses. Well-formed, so that what is stored is counted. */
function clean(details: unknown, ids: Ids): unknown {
  const walk = (value: unknown, name: string, isPerson: boolean): unknown => {
    if (isPerson && isId(value)) return ids.pseudonymOf(String(value));
    if (typeof value === "string") {
      const text = ids.hide(value);
      const isVersion = VERSION_NAME.test(name) && /^\s*v?\d+(?:\.\d+)*\s*$/i.test(text);
      const isUserAgent = AGENT_NAME.test(name);
      return (isVersion ? text : hideAddresses(text, { isUserAgent })).toWellFormed();
    }
    if (typeof value === "number") {
      // A user's id may be a number; one of few digits counts anything.
      const text = String(value);
      const hidden = text.length < SEARCHED_ID_LENGTH_MIN ? text : ids.hide(text);
      return hidden === text ? value : hidden;
    }
    if (Array.isArray(value)) return value.map((item) => walk(item, name, isPerson));
    if (!isRecord(value)) return value;
    const members = Object.entries(value).map(([key, member]) => {
      const plain = plainName(key);
      return [
        hideAddresses(ids.hide(key)).toWellFormed(),
        walk(member, plain, isPerson || PERSON_NAMES.has(plain)),
      ];
    });
    return Object.fromEntries(members);
  };
  return walk(details, "", false);
}

/** `user_id`, `userId`, `User-ID` and `user.id` are one name. */
function plainName(key: string): string {
  return foldText(key).text.replace(/[^a-z0-9]/g, "");
}

/** What may tell one person from another: not whether, and not nothing. */
function isId(value: unknown): value is string | number {
  return typeof value === "number" || (typeof value === "string" && value !== "");
}

/** The ids of the people that one request names. */
class Ids {
  readonly #pseudonymise: Pseudonymise;
  /** As each is first spelled, by how it reads. */
  readonly #spelled = new Map<string, string>();

  constructor(pseudonymise: Pseudonymise) {
    this.#pseudonymise = pseudonymise;
  }

  add(id: string): void {
    const { text } = foldText(id);
    if (!this.#spelled.has(text)) this.#spelled.set(text, id);
  }

  /** One for all spellings. */
  pseudonymOf(id: string): string {
    return this.#pseudonymise(this.#spelled.get(foldText(id).text) ?? id);
  }

  /** A text with pseudonyms in the place of these ids; of two that begin at one place, of the longer one. */
  readonly hide = (text: string): string => {
    if (this.#spelled.size === 0) return text;
    const folded = foldText(text);
    if (this.#spelled.has(folded.text)) return this.pseudonymOf(text);
    const searched = [...this.#spelled.keys()]
      .filter((id) => id.length >= SEARCHED_ID_LENGTH_MIN)
      .slice(0, SEARCHED_IDS_MAX)
      .filter((id) => folded.text.includes(id))
      .sort((a, b) => b.length - a.length);
    if (searched.length === 0) return text;
    const found: Replacement[] = [];
    for (let at = 0; at < folded.text.length; ) {
      const id = searched.find((each) => folded.text.startsWith(each, at));
      if (id !== undefined) {
        const by = this.#pseudonymise(this.#spelled.get(id) ?? id);
        found.push({ start: at, end: at + id.length, by });
      }
      at += id?.length ?? 1;
    }
    return replaceFolded(text, folded, found);
  };
}

/** @throws {ServiceError} `validation_failed` */
function reject(reason: string, message: string): never {
  throw invalidField("details", reason, message);
}
