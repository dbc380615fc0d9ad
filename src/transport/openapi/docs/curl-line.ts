import type { OpenApiOperation } from "../operation.ts";

/** Stands for the address of the service; the page puts its own there. */
export const ORIGIN = "http://localhost:8890";

/** How to call an operation from a shell, with its first example. */
export function curlLine(method: string, path: string, operation: OpenApiOperation): string {
  const { parameters = [], requestBody, security } = operation;
  const query = parameters
    .filter((parameter) => parameter.in === "query" && parameter.required)
    .map(({ name, example, content }) => {
      const [media] = Object.values(content ?? {});
      const value = media === undefined ? String(example) : JSON.stringify(firstExample(media));
      return `--data-urlencode ${quote(`${name}=${value}`)}`;
    });
  const url = path.replace(/\{(\w+)\}/, (_, name) => {
    return encodeURIComponent(String(parameters.find((one) => one.name === name)?.example ?? name));
  });
  const [[contentType, media] = []] = Object.entries(requestBody?.content ?? {});
  const isStream = contentType?.includes("connect+") ?? false;
  const parts = [
    method === "GET"
      ? `curl${query.length > 0 ? " -G" : ""} ${ORIGIN}${url}`
      : `curl -X ${method} ${ORIGIN}${url}`,
    ...(security.length > 0 ? ['-H "X-API-Key: $METRICS_API_KEY"'] : []),
    ...parameters
      .filter((parameter) => parameter.in === "header" && parameter.required)
      .map(({ name, example }) => `-H ${quote(`${name}: ${example}`)}`),
    ...(contentType === undefined ? [] : [`-H ${quote(`Content-Type: ${contentType}`)}`]),
    ...(media === undefined || isStream ? [] : [`-d ${quote(JSON.stringify(firstExample(media)))}`]),
    ...query,
  ];
  const line = parts.join(" \\\n  ");
  // A message in a stream stands after its flags and its length, which a shell can write too.
  return isStream && media !== undefined ? streamLine(line, JSON.stringify(firstExample(media))) : line;
}

/** A line that sends one message in an envelope, and says that no more follow. */
function streamLine(line: string, json: string): string {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(json));
  const head = [0, ...length].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  return `printf '${head}%s' ${quote(json)} |\n  ${line} \\\n  --data-binary @- --output -`;
}

/** The example that works as it stands. */
function firstExample(media: {
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}): unknown {
  return Object.values(media.examples ?? {})[0]?.value ?? {};
}

/** As POSIX shells read it: everything but the quote itself stands for itself. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
