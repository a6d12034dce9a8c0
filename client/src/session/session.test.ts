import { describe, expect, it, vi } from 'vitest';
import { fakeMemory } from '../testing/fixtures.ts';
import { createSession, type IdentityProvider, safePath, SignInError } from './session.ts';

const OIDC = { issuer: 'https://issuer.example', clientId: 'ivs-web', scope: 'openid profile' };
const alice = { subject: 'alice', name: 'Alice', accessToken: 'one' };

const at = (path: string) => new URL(path, 'https://app.example');

/** A browser that has left the page does not come back to it. */
const gone = () => new Promise<never>(() => undefined);

function fakeIssuer() {
  const nothing: () => void = () => undefined;
  const listeners = { expiring: nothing, expired: nothing };
  return {
    listeners,
    signIn: vi.fn<IdentityProvider['signIn']>(gone),
    complete: vi.fn<IdentityProvider['complete']>(() =>
      Promise.resolve({ account: alice, returnTo: '/x?y=1' }),
    ),
    renew: vi.fn<IdentityProvider['renew']>(() => Promise.resolve({ ...alice, accessToken: 'two' })),
    signOut: vi.fn<IdentityProvider['signOut']>(() => Promise.resolve(false)),
    onExpiring(listener: () => void) {
      listeners.expiring = listener;
    },
    onExpired(listener: () => void) {
      listeners.expired = listener;
    },
  };
}

function setUp(remembered: Parameters<typeof fakeMemory>[0] = {}) {
  const issuer = fakeIssuer();
  const memory = fakeMemory(remembered);
  const connect = vi.fn(() => Promise.resolve<IdentityProvider>(issuer));
  const session = createSession(connect, memory);
  return { session, issuer, memory, connect, state: session.getSnapshot };
}

async function signedIn() {
  const all = setUp();
  await all.session.begin(OIDC, at('/callback?code=c&state=s'));
  return all;
}

describe('beginning', () => {
  it('is a guest where nobody has signed in, without asking the issuer', async () => {
    const { session, state, connect } = setUp();
    expect(state()).toEqual({ kind: 'starting' });
    expect(await session.begin(OIDC, at('/'))).toBeUndefined();
    expect(state()).toEqual({ kind: 'guest', canSignIn: true });
    expect(connect).not.toHaveBeenCalled();
  });

  it('knows a site without sign-in', async () => {
    const { session, state, issuer } = setUp({ signedIn: true });
    await session.begin(null, at('/'));
    expect(state()).toEqual({ kind: 'guest', canSignIn: false });
    await session.signIn('/');
    expect(issuer.signIn).not.toHaveBeenCalled();
  });

  it('asks the issuer silently where somebody was signed in before the reload', async () => {
    const { session, state, issuer, memory } = setUp({ signedIn: true });
    void session.begin(OIDC, at('/streams/a/b?z=1'));
    await vi.waitFor(() => {
      expect(issuer.signIn).toHaveBeenCalledWith({ silent: true, returnTo: '/streams/a/b?z=1' });
    });
    expect(state()).toEqual({ kind: 'leaving' });
    expect(memory.isResuming()).toBe(true);
  });

  it('does not ask in circles', async () => {
    const { session, state, issuer, memory } = setUp({ signedIn: true, resuming: true });
    await session.begin(OIDC, at('/'));
    expect(state()).toEqual({ kind: 'guest', canSignIn: true });
    expect(issuer.signIn).not.toHaveBeenCalled();
    expect(memory.isResuming()).toBe(false);
  });
});

describe('coming back from the issuer', () => {
  it('signs in and returns to where it began', async () => {
    const { session, state, issuer, memory } = setUp({ resuming: true });
    expect(await session.begin(OIDC, at('/callback?code=c&state=s'))).toBe('/x?y=1');
    expect(issuer.complete).toHaveBeenCalledWith('https://app.example/callback?code=c&state=s');
    expect(state()).toEqual({ kind: 'user', account: alice });
    expect([memory.wasSignedIn(), memory.isResuming()]).toEqual([true, false]);
    expect(session.accessToken()).toBe('one');
  });

  it('is quietly a guest when the silent try needs the user', async () => {
    const { session, state, issuer, memory } = setUp({ signedIn: true, resuming: true });
    issuer.complete.mockRejectedValue(new SignInError('needsUser', '/x'));
    expect(await session.begin(OIDC, at('/callback?error=login_required&state=s'))).toBe('/x');
    expect(state()).toEqual({ kind: 'guest', canSignIn: true });
    expect([memory.wasSignedIn(), memory.isResuming()]).toEqual([false, false]);
  });

  it.each([
    [new SignInError('refused', '/x'), 'refused', '/x'],
    [new SignInError('unreachable'), 'unreachable', '/'],
    [new Error('no such state'), 'failed', '/'],
  ])('says what went wrong: %s', async (error, notice, path) => {
    const { session, state, issuer } = setUp();
    issuer.complete.mockRejectedValue(error);
    expect(await session.begin(OIDC, at('/callback?code=c&state=s'))).toBe(path);
    expect(state()).toEqual({ kind: 'guest', canSignIn: true, notice });
  });

  it('is a guest at an address without an answer', async () => {
    const { session, state, issuer } = setUp();
    expect(await session.begin(OIDC, at('/callback'))).toBe('/');
    expect(state()).toEqual({ kind: 'guest', canSignIn: true });
    expect(issuer.complete).not.toHaveBeenCalled();
  });

  it.each([
    ['/streams/a/b?q=1', '/streams/a/b?q=1'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['/callback?code=c', '/'],
    [undefined, '/'],
  ])('stays on this site: %s', (path, expected) => {
    expect(safePath(path)).toBe(expected);
  });
});

describe('signing in', () => {
  it('says that the issuer does not answer, and can be tried again', async () => {
    const { session, state, connect, issuer } = setUp();
    await session.begin(OIDC, at('/'));
    connect.mockRejectedValueOnce(new SignInError('unreachable'));
    await session.signIn('/');
    expect(state()).toEqual({ kind: 'guest', canSignIn: true, notice: 'unreachable' });
    void session.signIn('/x');
    await vi.waitFor(() => {
      expect(issuer.signIn).toHaveBeenCalledWith({ silent: false, returnTo: '/x' });
    });
  });

  it('is a guest again after the Back button', async () => {
    const { session, state } = setUp();
    await session.begin(OIDC, at('/'));
    void session.signIn('/');
    expect(state()).toEqual({ kind: 'leaving' });
    session.returned();
    expect(state()).toEqual({ kind: 'guest', canSignIn: true });
  });
});

describe('tokens', () => {
  it('are renewed before they expire', async () => {
    const { session, issuer } = await signedIn();
    issuer.listeners.expiring();
    await vi.waitFor(() => {
      expect(session.accessToken()).toBe('two');
    });
  });

  it('that could not be renewed are used until they expire', async () => {
    const { session, issuer, state, memory } = await signedIn();
    issuer.renew.mockRejectedValue(new Error('network'));
    issuer.listeners.expiring();
    await vi.waitFor(() => {
      expect(issuer.renew).toHaveBeenCalledOnce();
    });
    expect(session.accessToken()).toBe('one');
    issuer.listeners.expired();
    expect(state()).toEqual({ kind: 'guest', canSignIn: true, notice: 'expired' });
    expect(memory.wasSignedIn()).toBe(false);
    expect(session.accessToken()).toBeUndefined();
  });

  it('that the API refused are renewed once for all requests', async () => {
    const { session, issuer } = await signedIn();
    expect(await Promise.all([session.renew('one'), session.renew('one')])).toEqual(['two', 'two']);
    expect(issuer.renew).toHaveBeenCalledOnce();
    expect(await session.renew('one')).toBe('two');
    expect(issuer.renew).toHaveBeenCalledOnce();
  });

  it('that cannot be renewed end the session', async () => {
    const { session, issuer, state } = await signedIn();
    issuer.renew.mockResolvedValue(undefined);
    expect(await session.renew('one')).toBeUndefined();
    expect(state()).toMatchObject({ kind: 'guest', notice: 'expired' });
  });

  it('are not brought back by a renewal that was under way at sign-out', async () => {
    const { session, issuer, state } = await signedIn();
    let finish: (account: typeof alice) => void = () => undefined;
    issuer.renew.mockReturnValue(new Promise((resolve) => (finish = resolve)));
    issuer.listeners.expiring();
    await session.signOut();
    finish({ ...alice, accessToken: 'late' });
    await Promise.resolve();
    expect(state()).toEqual({ kind: 'guest', canSignIn: true });
    expect(session.accessToken()).toBeUndefined();
  });
});

describe('signing out', () => {
  it('leaves for the issuer', async () => {
    const { session, issuer, state, memory } = await signedIn();
    issuer.signOut.mockResolvedValue(true);
    await session.signOut();
    expect(state()).toEqual({ kind: 'leaving' });
    expect(session.accessToken()).toBeUndefined();
    expect(memory.wasSignedIn()).toBe(false);
  });

  it.each([
    ['has no page for it', () => Promise.resolve(false)],
    ['does not answer', () => Promise.reject(new Error('network'))],
  ])('works where the issuer %s', async (_what, answer) => {
    const { session, issuer, state } = await signedIn();
    issuer.signOut.mockImplementation(answer);
    await session.signOut();
    expect(state()).toEqual({ kind: 'guest', canSignIn: true });
  });

  it('in one window signs out in all', async () => {
    const { memory, state } = await signedIn();
    memory.forget();
    expect(state()).toEqual({ kind: 'guest', canSignIn: true, notice: 'elsewhere' });
  });
});
