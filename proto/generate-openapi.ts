/** The last step of `npm run generate`: /openapi.json and the page of /docs, from the tables of src/transport. */
import { writeFileSync } from "node:fs";
import { docsPage } from "../src/transport/openapi/docs/docs-page.ts";
import { describeServedApi } from "../src/transport/openapi/served-api.ts";

const GEN = new URL("../gen/", import.meta.url);
const document = describeServedApi();
writeFileSync(new URL("openapi.json", GEN), JSON.stringify(document));
writeFileSync(new URL("docs.html", GEN), docsPage(document));
