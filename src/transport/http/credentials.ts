import type { Credentials } from "../../access/admission.ts";
import type { ClientAddress } from "./client-address.ts";
import { type NodeRequest, singleHeaderOf } from "./exchange.ts";
import type { SessionIn } from "./session-cookie.ts";

/** Where a request may have its key, whatever the protocol. `sessionIn`: where browsers may stay signed in. */
export function credentialsOf(
  request: NodeRequest,
  clientAddress: ClientAddress,
  sessionIn: SessionIn = () => undefined,
): Credentials {
  return {
    apiKey: singleHeaderOf(request, "x-api-key"),
    authorization: singleHeaderOf(request, "authorization"),
    session: () => sessionIn(request),
    address: () => clientAddress(request),
  };
}
