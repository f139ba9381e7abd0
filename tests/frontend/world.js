/** Surroundings for session.js in which the test controls time, network, locks and tabs. Loaded by test_session.py. */

/** Runs all code that waits for promises; in these tests, code waits only for promises. */
const settle = async () => {
  for (let turn = 0; turn < 200; turn += 1) await null;
};

const START = Date.parse('2024-05-02T08:00:00Z');

export function makeWorld(createSession, { skew = 0, life = 600, idle = 1800, absolute = 43200 } = {}) {
  let time = START; // this machine's time; the server's time differs by `skew` milliseconds
  let timers = [];
  let queue = Promise.resolve();
  let ids = 0;
  const channels = [];
  const serverTime = () => time + skew;

  const world = {
    calls: [],
    overlap: 0,
    tokens: 0,
    ends: serverTime() + absolute * 1000,
    answers: {},
    navigated: [],
    settle,
    now: () => time,

    ok(sub = 'ada') {
      world.tokens += 1;
      const seconds = Math.floor(serverTime() / 1000);
      const ends = Math.floor(world.ends / 1000);
      return world.respond(200, {
        access_token: `token-${world.tokens}`, expires_in: life, user: { sub },
        session: { now: seconds, idle_expires_at: Math.min(seconds + idle, ends), expires_at: ends },
      });
    },

    respond: (status, body = {}, headers = {}) => ({
      ok: status < 300, status, json: async () => body,
      headers: new Headers(headers),
    }),

    /** Lets time pass, and runs the timers. */
    async pass(seconds) {
      const end = time + seconds * 1000;
      await settle();
      for (let fired = 0; ; fired += 1) {
        if (fired > 500) throw new Error('the timers spin');
        const due = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers = timers.filter((timer) => timer !== due);
        time = Math.max(time, due.at);
        due.work();
        await settle();
      }
      time = end;
    },

    /** The machine sleeps: time passes, but timers do not run. */
    sleep(seconds) {
      time += seconds * 1000;
      timers = timers.map((timer) => ({ ...timer, at: timer.at + seconds * 1000 }));
    },

    count: (path) => world.calls.filter((call) => call.path === path).length,

    tab(options = {}) {
      const channel = {
        onmessage: null,
        postMessage: (data) => {
          const copy = structuredClone(data);
          for (const other of channels) if (other !== channel) Promise.resolve().then(() => other.onmessage?.({ data: copy }));
        },
        close() {},
      };
      channels.push(channel);
      const events = new EventTarget();
      const session = createSession({
        baseUrl: 'https://api.example.com/api',
        now: () => time,
        random: () => 1,
        channel,
        events,
        locks: {
          request(_name, _options, work) {
            const turn = queue.then(work);
            queue = turn.catch(() => {});
            return turn;
          },
        },
        setTimer: (work, ms) => {
          ids += 1;
          timers.push({ id: ids, work, at: time + ms });
          return ids;
        },
        clearTimer: (id) => {
          timers = timers.filter((timer) => timer.id !== id);
        },
        navigate: (url) => world.navigated.push(url),
        fetch: async (url, init = {}) => {
          const path = new URL(url).origin === 'https://api.example.com' ? new URL(url).pathname.replace('/api/', '') : String(url);
          const call = {
            path, url: String(url), init,
            token: new Headers(init.headers).get('Authorization')?.replace('Bearer ', '') ?? null,
          };
          world.calls.push(call);
          if (path === 'auth/refresh') {
            if (world.refreshing) world.overlap += 1;
            world.refreshing = true;
          }
          for (let turn = 0; turn < 5; turn += 1) await null;
          if (path === 'auth/refresh') world.refreshing = false;
          const answer = world.answers[path];
          if (answer instanceof Error) throw answer;
          if (answer) return answer(call);
          return path === 'auth/refresh' ? world.ok() : world.respond(200, { path });
        },
        ...options,
      });
      return { session, input: () => events.dispatchEvent(new Event('keydown')), wake: () => events.dispatchEvent(new Event('focus')), online: () => events.dispatchEvent(new Event('online')) };
    },
  };
  return world;
}
