// Made from session.js by `python -m tests.javascript_check --write`. A TypeScript project needs both files.
/**
 * Gets the signed-in person from the server, and makes calls with that person's access token. Any front end can load or copy
 * this file, because the file has no imports and does not use the DOM.
 *
 * The access token is only in a closure of this file. The refresh token never reaches JavaScript. Each answer contains
 * `session.now`. With `session.now`, the server's times are converted to this machine's clock, so a wrong clock does no harm.
 * Every decision compares the converted times with now(). So after the machine has slept, the next check is late but correct.
 *
 * @typedef {{sub: string, username: string, email: string, given_name: string, family_name: string,
 *   groups: string[], provider: string}} User
 * @typedef {Object} State
 * @property {'unknown'|'signed_in'|'signed_out'|'unavailable'} status
 * @property {User|null} user
 * @property {string|null} reason `no_session`, `cookies_blocked`, `session_expired`, `signed_out`, `network`,
 *   `temporarily_unavailable`. While `signed_in`, the only possible reason is `cookies_blocked`; then the session ends when
 *   this page closes
 * @property {number|null} idleExpiresAt the idle deadline of the session, in milliseconds of this machine's clock
 * @property {number|null} expiresAt the absolute deadline of the session
 * @property {boolean} idleWarning whether inactivity will soon end the session. An input or stay() extends the session.
 * @property {number|null} retryAt the time of the next attempt after a failure
 * @typedef {{provider?: string, email?: string, returnTo?: string, remember?: boolean}} SignIn
 * @typedef {ReturnType<typeof createSession>} Session
 * @typedef {{value: string, bornAt: number, renewAt: number, expiresAt: number}} Token times of this machine's clock
 * @typedef {{access_token: string, expires_in: number, user: User, session: {now: number, idle_expires_at: number, expires_at:
 *   number}}} Tokens the server's answer; times are seconds of the server's clock
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
     * `temporarily_unavailable`. While `signed_in`, the only possible reason is `cookies_blocked`; then the session ends when
     * this page closes
     */
    reason: string | null;
    /**
     * the idle deadline of the session, in milliseconds of this machine's clock
     */
    idleExpiresAt: number | null;
    /**
     * the absolute deadline of the session
     */
    expiresAt: number | null;
    /**
     * whether inactivity will soon end the session. An input or stay() extends the session.
     */
    idleWarning: boolean;
    /**
     * the time of the next attempt after a failure
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
     * null means that no channel exists
     */
    channel?: Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'> | null;
    events?: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
    setTimer?: (work: () => void, ms: number) => any;
    clearTimer?: (timer: any) => void;
    navigate?: (url: string) => void;
    random?: () => number;
};
/**
 * @param {{baseUrl: string|URL, prefix?: string} & Surroundings} options `baseUrl` is the root of the API. `prefix` is the
 *   path of Gatehouse below the root, such as `/account`. The other options are for tests.
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
    /**
     * Sets the state to signed out. Call this function instead of `refresh` if this browser has no session (`session` in
     * auth/config).
     */
    nobody: () => void;
    /**
     * Posts to one of Gatehouse's own routes. An answer with a token starts the session, like a refresh.
     * @param {string} path
     * @param {object} [body]
     * @returns {Promise<{response: Response, answer: any}>} rejects if the server cannot be reached
     */
    post(path: string, body?: object): Promise<{
        response: Response;
        answer: any;
    }>;
    /** Extends an idle session, as input does. */
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
    /** Stops timers and listeners. The session itself continues. */
    close(): void;
};
