import type { Credentials } from "../../access/admission.ts";
import type { ClientAddress } from "./client-address.ts";
import { type NodeRequest, singleHeaderOf } from "./exchange.ts";

/** Where a request may have its key, whatever the protocol. */
export function credentialsOf(request: NodeRequest, clientAddress: ClientAddress): Credentials {
  return {
    apiKey: singleHeaderOf(request, "x-api-key"),
    authorization: singleHeaderOf(request, "authorization"),
    address: () => clientAddress(request),
  };
}
