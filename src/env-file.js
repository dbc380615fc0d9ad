// The settings of .env, where there is one, for the npm scripts of a checkout: node --import ./src/env-file.js …
// What the environment has already stays as it is. Neither a container nor an installed package reads the file.
// Node's own --env-file-if-exists says on every start that there is none, and an old Node does not know it.
import { existsSync } from "node:fs";

if (existsSync(".env")) process.loadEnvFile?.(".env");
