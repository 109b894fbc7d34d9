// The signature of a JobSpec, with a key pair that this browser keeps and does not give away.
import { canonical } from "./canonical.js";
import { CannotSign, obstacle } from "./runner.js";

const UNSIGNED = ["signature", "public_key", "id", "created_at"];
const STORE = "keys";
const NAME = "signing";
const ED25519 = "Ed25519";

/** The spec with a time, a nonce, the public key and the signature. */
export async function signed(spec) {
  const pair = (await kept()) ?? (await fresh());
  const metadata = { ...spec.metadata, timestamp: new Date().toISOString(), nonce: crypto.randomUUID() };
  const whole = { ...spec, metadata };
  const covered = Object.fromEntries(Object.entries(whole).filter(([name]) => !UNSIGNED.includes(name)));
  const signature = await crypto.subtle.sign(ED25519, pair.privateKey, new TextEncoder().encode(canonical(covered)));
  return { ...whole, signature: base64(signature), public_key: await publicText(pair) };
}

/** The public key with which this browser signs and the time at which it came here: `{key, since}`; null without one. */
export async function ownKey() {
  if (obstacle()) return null;
  const pair = await kept();
  return pair && { key: await publicText(pair), since: pair.since };
}

/** Makes a key in the place of the old one, and returns it as a PKCS#8 text: the only time that it can be saved. */
export async function makeKey() {
  const { privateKey } = await generated(true);
  const exported = await crypto.subtle.exportKey("pkcs8", privateKey);
  await importKey(exported);
  return `-----BEGIN PRIVATE KEY-----\n${base64(exported)}\n-----END PRIVATE KEY-----\n`;
}

/** Takes a key from a PKCS#8 file, text or bytes, in the place of the old one. */
export async function importKey(content) {
  let pair;
  try {
    pair = await imported(unwrapped(content));
  } catch {
    throw new CannotSign("The file has no Ed25519 private key in the form of PKCS#8 (PEM or DER, without a password).");
  }
  await stored("put", pair);
}

/** Removes the key; the next submission makes another one. */
export async function removeKey() {
  const database = await opened();
  await answer(database.transaction(STORE, "readwrite").objectStore(STORE).delete(NAME));
}

/** The key pair in bytes of PKCS#8, which can no longer be taken out. A private key has its public one as a member of JWK. */
async function imported(bytes) {
  const readable = await crypto.subtle.importKey("pkcs8", bytes, ED25519, true, ["sign"]);
  const { crv, kty, x } = await crypto.subtle.exportKey("jwk", readable);
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey("pkcs8", bytes, ED25519, false, ["sign"]),
    crypto.subtle.importKey("jwk", { crv, kty, x }, ED25519, true, ["verify"]),
  ]);
  return { privateKey, publicKey };
}

function unwrapped(content) {
  const text = new TextDecoder("latin1").decode(content);
  const [, inner] = /-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----/.exec(text) ?? [];
  return inner === undefined ? content : Uint8Array.from(atob(inner.replace(/\s/g, "")), (char) => char.charCodeAt(0));
}

async function generated(extractable) {
  try {
    return await crypto.subtle.generateKey(ED25519, extractable, ["sign", "verify"]);
  } catch {
    throw new CannotSign("This browser does not know Ed25519. A newer one does.");
  }
}

/** A new key pair; that of another tab, if it was quicker. */
async function fresh() {
  const pair = await generated(false);
  try {
    await stored("add", pair);
    return pair;
  } catch (error) {
    if (error?.name !== "ConstraintError") throw error;
    return kept();
  }
}

async function kept() {
  const database = await opened();
  return (await answer(database.transaction(STORE).objectStore(STORE).get(NAME))) ?? null;
}

async function stored(how, { privateKey, publicKey }) {
  const database = await opened();
  const place = database.transaction(STORE, "readwrite").objectStore(STORE);
  await answer(place[how]({ privateKey, publicKey, since: new Date() }, NAME));
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

const publicText = async ({ publicKey }) => base64(await crypto.subtle.exportKey("raw", publicKey));
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
