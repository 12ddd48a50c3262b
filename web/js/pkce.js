// Proof Key for Code Exchange (RFC 7636): a code that is caught on its way back is of no use without the verifier.

/**
 * @param {number} [bytes] of chance; 32 make the 43 characters that a verifier needs at least (section 4.1)
 * @returns {string} base64url
 */
export function randomText(bytes = 32) {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

/**
 * @param {string} verifier
 * @returns {Promise<string>} its S256 challenge (section 4.2)
 */
export async function challengeOf(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
