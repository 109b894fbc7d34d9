// The signature of a JobSpec, with a key pair that is made here, kept here, and cannot be exported.
import { canonical } from "./canonical.js";

const UNSIGNED = ["signature", "public_key", "id", "created_at"];
const STORE = "keys";

/** This browser cannot sign; the message says what would help. */
export class CannotSign extends Error {}

/** Why this page cannot sign and what helps, or null: browsers offer cryptography to secure pages alone. */
export function obstacle() {
  if (globalThis.isSecureContext && globalThis.crypto?.subtle) return null;
  return "This page cannot sign jobs: browsers sign only on https pages and on localhost. Open the portal there.";
}

/** The spec with a time, a nonce, the public key and the signature. */
export async function signed(spec) {
  const { privateKey, publicKey } = await keys();
  const metadata = { ...spec.metadata, timestamp: new Date().toISOString(), nonce: crypto.randomUUID() };
  const whole = { ...spec, metadata };
  const covered = Object.fromEntries(Object.entries(whole).filter(([name]) => !UNSIGNED.includes(name)));
  const signature = await crypto.subtle.sign("Ed25519", privateKey, new TextEncoder().encode(canonical(covered)));
  return { ...whole, signature: base64(signature), public_key: base64(await crypto.subtle.exportKey("raw", publicKey)) };
}

async function keys() {
  const database = await opened();
  const kept = await answer(database.transaction(STORE).objectStore(STORE).get("signing"));
  if (kept) return kept;
  let pair;
  try {
    pair = await crypto.subtle.generateKey("Ed25519", false, ["sign"]);
  } catch {
    throw new CannotSign("This browser does not know Ed25519. A newer one does.");
  }
  await answer(database.transaction(STORE, "readwrite").objectStore(STORE).put(pair, "signing"));
  return pair;
}

async function opened() {
  try {
    const request = indexedDB.open("beacon", 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE));
    return await answer(request);
  } catch {
    throw new CannotSign("This browser keeps no keys for this page. Allow it to store data, or leave its private mode.");
  }
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}

const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
