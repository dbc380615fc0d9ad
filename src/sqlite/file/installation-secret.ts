import { randomBytes } from "node:crypto";
import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { realDatabasePath } from "./real-path.ts";

/** 256 bits, the key length of HMAC-SHA-256, which pseudonyms are made with. */
const SECRET_BYTES = 32;

const fileOf = (databasePath: string) => `${realDatabasePath(databasePath)}-secret`;

/**
 * The secret of this installation: random, made at the first start, in a file beside the database that only
 * its owner can read. Not in the database, so that whoever is given a copy of that, or a backup, cannot try
 * names until one gives the pseudonym that stands there.
 *
 * A database that is restored without it goes on with new pseudonyms: users of before and after are counted
 * apart, and webhook secrets that were sealed with it must be set again.
 *
 * @throws {Error} when the file is there and is not a secret of ours, or cannot be read or made.
 */
export function readInstallationSecret(databasePath: string): Buffer {
  const file = fileOf(databasePath);
  const secret = readIfThere(file) ?? create(file);
  if (secret.length === SECRET_BYTES) return secret;
  throw new Error(`${file} has ${secret.length} bytes, not the ${SECRET_BYTES} of a secret: move it away`);
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** On disk before it is used: what was named by a lost secret could never be matched again. */
function create(file: string): Buffer {
  const secret = randomBytes(SECRET_BYTES);
  const opened = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeSync(opened, secret);
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
  return secret;
}
