/**
 * Loads and shows the widget of a CAPTCHA vendor. hCaptcha and Turnstile have the same interface. The vendor's script calls a
 * named function when the script is ready, and defines an object with render(). Sources: hCaptcha, "Explicitly render
 * hCaptcha"; Cloudflare Turnstile, "Explicitly render the Turnstile widget".
 */
/** @type {any} */
const scope = globalThis;
/** @type {Record<string, () => any>} */
const VENDORS = { hcaptcha: () => scope.hcaptcha, turnstile: () => scope.turnstile };
const READY = 'gatehouseCaptchaReady';
const PATIENCE = 15000;

/** @type {Promise<unknown>|null} */
let loading = null;

/**
 * Loads the vendor's script. The script's URL comes from our own server, and the CSP allows only the stage's vendor.
 * @param {string} script
 */
function load(script) {
  loading ??= new Promise((done, failed) => {
    scope[READY] = done;
    const url = new URL(script);
    url.searchParams.set('render', 'explicit');
    url.searchParams.set('onload', READY);
    const node = document.createElement('script');
    node.src = url.href;
    node.onerror = failed;
    document.head.append(node);
    setTimeout(failed, PATIENCE);
  }).catch((error) => {
    loading = null;
    throw error ?? new Error('the CAPTCHA did not load');
  });
  return loading;
}

/**
 * Shows the widget in `place`.
 * @param {HTMLElement} place
 * @param {{provider?: string, site_key: string, script: string}} challenge
 * @param {(token: string) => void} solved gets a token for each solved puzzle; a token works for one attempt
 */
export async function captcha(place, { provider, site_key: siteKey, script }, solved) {
  await load(script);
  const vendor = (VENDORS[provider ?? ''] ?? (() => scope.turnstile ?? scope.hcaptcha))();
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const narrow = innerWidth < 360;
  return vendor.render(place, {
    sitekey: siteKey,
    theme: dark ? 'dark' : 'light',
    size: narrow ? 'compact' : 'normal',
    callback: solved,
  });
}
