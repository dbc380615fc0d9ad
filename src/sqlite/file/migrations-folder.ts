import { fileURLToPath } from "node:url";

/** Where the migrations of this program are. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL("../../../migrations", import.meta.url));
