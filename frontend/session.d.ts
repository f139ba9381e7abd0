// Made from session.js by `python -m tests.javascript_check --write`. A TypeScript project needs both files.
/**
 * Who is signed in, and calls on their behalf. One file, no imports, no DOM: load or copy it from any front end.
 *
 * The access token lives in a closure here and nowhere else; the refresh token never reaches JavaScript. The server's
 * times are shifted to this machine's clock by `session.now`, and every decision compares against now(): a wrong
 * clock does no harm, and waking from sleep is only a late tick.
 *
 * @typedef {{sub: string, username: string, email: string, given_name: string, family_name: string,
 *   groups: string[], provider: string}} User
 * @typedef {Object} State
 * @property {'unknown'|'signed_in'|'signed_out'|'unavailable'} status
 * @property {User|null} user
 * @property {string|null} reason `no_session`, `cookies_blocked`, `session_expired`, `signed_out`, `network`,
 *   `temporarily_unavailable`; with `signed_in` `cookies_blocked` alone: the session ends with this page
 * @property {number|null} idleExpiresAt end by inactivity, in milliseconds of this machine's clock
 * @property {number|null} expiresAt end in any case
 * @property {boolean} idleWarning the end by inactivity is near; input or stay() averts it
 * @property {number|null} retryAt the next attempt after a failure
 * @typedef {{provider?: string, email?: string, returnTo?: string, remember?: boolean}} SignIn
 * @typedef {ReturnType<typeof createSession>} Session
 * @typedef {{value: string, bornAt: number, renewAt: number, expiresAt: number}} Token times of this machine's clock
 * @typedef {{access_token: string, expires_in: number, user: User,
 *   session: {now: number, idle_expires_at: number, expires_at: number}}} Tokens the server's answer, in its own seconds
 */
export type User = {
    sub: string;
    username: string;
    email: string;
    given_name: string;
    family_name: string;
    groups: string[];
    provider: string;
};
export type State = {
    status: 'unknown' | 'signed_in' | 'signed_out' | 'unavailable';
    user: User | null;
    /**
     * `no_session`, `cookies_blocked`, `session_expired`, `signed_out`, `network`,
     * `temporarily_unavailable`; with `signed_in` `cookies_blocked` alone: the session ends with this page
     */
    reason: string | null;
    /**
     * end by inactivity, in milliseconds of this machine's clock
     */
    idleExpiresAt: number | null;
    /**
     * end in any case
     */
    expiresAt: number | null;
    /**
     * the end by inactivity is near; input or stay() averts it
     */
    idleWarning: boolean;
    /**
     * the next attempt after a failure
     */
    retryAt: number | null;
};
export type SignIn = {
    provider?: string;
    email?: string;
    returnTo?: string;
    remember?: boolean;
};
export type Session = ReturnType<typeof createSession>;
export type Token = {
    value: string;
    bornAt: number;
    renewAt: number;
    expiresAt: number;
};
export type Tokens = {
    access_token: string;
    expires_in: number;
    user: User;
    session: {
        now: number;
        idle_expires_at: number;
        expires_at: number;
    };
};
export type Surroundings = {
    fetch?: (url: string | URL, init?: RequestInit) => Promise<Response>;
    /**
     * milliseconds
     */
    now?: () => number;
    locks?: Pick<LockManager, 'request'>;
    /**
     * null for none
     */
    channel?: Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'> | null;
    events?: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
    setTimer?: (work: () => void, ms: number) => any;
    clearTimer?: (timer: any) => void;
    navigate?: (url: string) => void;
    random?: () => number;
};
/**
 * @param {{baseUrl: string|URL, prefix?: string} & Surroundings} options `baseUrl` is the root of the API, `prefix` where the
 *   app mounts Gatehouse below it, such as `/account`; the rest is for tests
 */
export declare function createSession({ baseUrl, prefix, fetch: send, now, locks, channel, events, setTimer, clearTimer, navigate, random, }: {
    baseUrl: string | URL;
    prefix?: string;
} & Surroundings): {
    /** @returns {User|null} */
    readonly user: User | null;
    readonly state: Readonly<State>;
    fetch: (path: string | URL, init?: RequestInit) => Promise<Response>;
    refresh: () => Promise<Readonly<State>>;
    /** Instead of `refresh`, for whoever knows already that this browser has no session (`session` of auth/config). */
    nobody: () => void;
    /**
     * Posts to one of Gatehouse's own routes. An answer with a token starts the session, as a refresh would.
     * @param {string} path
     * @param {object} [body]
     * @returns {Promise<{response: Response, answer: any}>} rejects without a connection
     */
    post(path: string, body?: object): Promise<{
        response: Response;
        answer: any;
    }>;
    /** Keeps an idle session alive, as input does. */
    stay: () => void;
    signInUrl: ({ provider, email, returnTo, remember }?: SignIn) => string;
    /** @param {SignIn} [choice] */
    signIn: (choice?: SignIn) => void;
    signOut: ({ returnTo }?: {
        returnTo?: string;
    }) => Promise<void>;
    /**
     * @param {(state: Readonly<State>) => void} listener
     * @returns {() => void} stops listening
     */
    onChange(listener: (state: Readonly<State>) => void): () => void;
    /** Stops timers and listeners; the session itself goes on. */
    close(): void;
};
