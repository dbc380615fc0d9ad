/** Where and how to call an OTLP receiver. */
export interface OtlpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Move a name and password from the URL into a header: fetch refuses URLs that hold them and repeats
 * them, password included, in its error. An `authorization` among `headers` wins.
 *
 * @throws {TypeError} when it is no URL.
 */
export function moveCredentials({ url: text, headers }: OtlpRequest): OtlpRequest {
  const url = new URL(text);
  if (url.username === "" && url.password === "") return { url: url.href, headers };
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = "";
  url.password = "";
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  return { url: url.href, headers: { authorization, ...headers } };
}
