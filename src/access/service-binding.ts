import type { Principal } from "./call.ts";

/** Whether a key may write metrics under a service's name: its own, one it was allowed, or any for an admin. */
export function mayWrite(principal: Principal, service: string): boolean {
  if (principal.role === "admin" || principal.service === service) return true;
  return principal.allowedServices.some((glob) => matchesGlob(glob, service));
}

/** Globs know `*` (any characters) and `?` (one). Linear in the text for each star: no pattern can stall us. */
export function matchesGlob(glob: string, text: string): boolean {
  let at = 0;
  let globAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (at < text.length) {
    const expected = glob[globAt];
    if (expected === "*") {
      starAt = globAt++;
      resumeAt = at;
    } else if (expected === "?" || expected === text[at]) {
      globAt += 1;
      at += 1;
    } else if (starAt >= 0) {
      globAt = starAt + 1;
      at = ++resumeAt;
    } else return false;
  }
  while (glob[globAt] === "*") globAt += 1;
  return globAt === glob.length;
}
