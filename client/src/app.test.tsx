/** The pages, as people meet them. */
import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { ApiError, type Trouble } from './api/errors.ts';
import type { Api } from './api/http.ts';
import type { Stream, StreamQuery } from './api/types.ts';
import { SignInError } from './session/session.ts';
import { aLiveStream, aStream, config, fakeMemory } from './testing/fixtures.ts';
import { expectAccessible, renderApp } from './testing/render.tsx';

const listing = (...items: Stream[]) => ({ streams: () => Promise.resolve({ items }) });
const failing = (trouble: Trouble, detail?: string) => () =>
  Promise.reject(new ApiError(trouble, detail, 60));

const alice = { subject: 'alice', name: 'Alice', accessToken: 'token' };
const asAlice = {
  issuer: { complete: () => Promise.resolve({ account: alice, returnTo: '/' }) },
};

describe('directory', () => {
  it('shows live streams first, with viewers and time since start', async () => {
    renderApp('/', listing(aStream({ name: 'off', title: 'Retro' }), aLiveStream()));
    const live = await screen.findByRole('region', { name: /Live now/ });
    expect(within(live).getByRole('link', { name: 'Launch keynote' })).toHaveProperty(
      'pathname',
      '/streams/demo/keynote',
    );
    expect(within(live).getByText('1.2K viewers')).toBeTruthy();
    expect(within(live).getByText('1 hr 12 min')).toBeTruthy();
    const offline = screen.getByRole('region', { name: /Offline/ });
    expect(within(offline).getByRole('link', { name: 'Retro' })).toBeTruthy();
    expect(live.compareDocumentPosition(offline) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
    expect(document.title).toBe('Live streams');
    await expectAccessible();
  });

  it('marks what is private and what is being set up', async () => {
    renderApp('/', listing(aStream({ playback: { access: 'Private' }, ready: false })));
    expect(await screen.findByText('Private')).toBeTruthy();
    expect(screen.getByText('Being set up')).toBeTruthy();
    expect(screen.getByText(/Nobody is live/)).toBeTruthy();
  });

  it('says that there is nothing', async () => {
    renderApp('/', listing());
    expect(await screen.findByRole('heading', { name: 'No streams yet' })).toBeTruthy();
    expect(screen.getByText(/only for people who are signed in/)).toBeTruthy();
    await expectAccessible();
  });

  it('searches, keeps the search in the address, and can clear it', async () => {
    const user = userEvent.setup();
    const streams = vi.fn(({ q }: StreamQuery) => Promise.resolve({ items: q === 'zzz' ? [] : [aStream()] }));
    renderApp('/', { streams });
    await screen.findByRole('link', { name: 'Launch keynote' });
    await user.type(screen.getByRole('textbox', { name: 'Search streams' }), 'zzz');
    expect(await screen.findByRole('heading', { name: 'Nothing found' })).toBeTruthy();
    expect(window.location.search).toBe('?q=zzz');
    await user.click(screen.getByRole('button', { name: 'Clear search' }));
    expect(await screen.findByRole('link', { name: 'Launch keynote' })).toBeTruthy();
    expect(window.location.search).toBe('');
  });

  it('asks only for live ones when told so', async () => {
    const user = userEvent.setup();
    const streams = vi.fn<Api['streams']>(() => Promise.resolve({ items: [aLiveStream()] }));
    renderApp('/', { streams });
    const filter = await screen.findByRole('group', { name: 'Show' });
    await user.click(within(filter).getByRole('button', { name: 'Live' }));
    await waitFor(() => {
      expect(streams.mock.lastCall?.[0]).toMatchObject({ state: 'LIVE' });
    });
    expect(window.location.search).toBe('?state=LIVE');
  });

  it('offers more where there is more', async () => {
    const user = userEvent.setup();
    const streams = ({ cursor }: StreamQuery) =>
      Promise.resolve(
        cursor === undefined
          ? { items: [aStream()], nextCursor: 'next' }
          : { items: [aStream({ name: 'two', title: 'Second page' })] },
      );
    renderApp('/', { streams });
    await user.click(await screen.findByRole('button', { name: 'Show more' }));
    expect(await screen.findByRole('link', { name: 'Second page' })).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull();
  });

  it('tells that a stream went live, and shows it', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    let stream = aStream();
    renderApp('/', { streams: () => Promise.resolve({ items: [stream] }) });
    await screen.findByRole('link', { name: 'Launch keynote' });
    stream = aLiveStream();
    await act(() => vi.advanceTimersByTimeAsync(5_000));
    expect(await screen.findByText('Launch keynote is live now.')).toHaveProperty('role', 'status');
    vi.useRealTimers();
  });

  it('keeps showing what it knew when the server is gone', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const streams = vi.fn(() => Promise.resolve({ items: [aLiveStream()] }));
    renderApp('/', { streams });
    await screen.findByRole('link', { name: 'Launch keynote' });
    streams.mockImplementation(failing('unreachable'));
    await act(() => vi.advanceTimersByTimeAsync(5_000));
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('No answer from the server');
    expect(alert.textContent).toContain('What you see is from');
    expect(screen.getByRole('link', { name: 'Launch keynote' })).toBeTruthy();
    await expectAccessible();
    vi.useRealTimers();
  });
});

describe('stream', () => {
  const showing = (stream: Stream) => ({ stream: () => Promise.resolve(stream) });

  it('shows everything that is known', async () => {
    renderApp('/streams/demo/keynote', showing(aLiveStream({ description: 'First line\nsecond line' })));
    expect(await screen.findByRole('heading', { level: 1, name: 'Launch keynote' })).toBeTruthy();
    expect(document.title).toBe('Launch keynote · Live streams');
    for (const words of [
      'First line second line',
      '1,234',
      'Healthy',
      'us-east-1',
      'demo/keynote',
      'https://a.playback.live-video.net/keynote.m3u8',
      'arn:aws:ivschat:us-east-1:123456789012:room/AbCdEf',
      'Public: everyone may watch',
    ]) {
      expect(screen.getByText(words)).toBeTruthy();
    }
    await expectAccessible();
  });

  it('asks for the names in the address', async () => {
    const stream = vi.fn<Api['stream']>(() => Promise.resolve(aStream()));
    renderApp('/streams/team-a/all%2Dhands', { stream });
    await screen.findByRole('heading', { level: 1 });
    expect(stream.mock.lastCall?.slice(0, 2)).toEqual(['team-a', 'all-hands']);
  });

  it('tells a guest in words, and offers to sign in', async () => {
    renderApp('/streams/demo/keynote', showing(aStream()));
    expect(await screen.findByText(/^User not authenticated/)).toBeTruthy();
    const role = screen.getByRole('region', { name: 'Your role' });
    expect(within(role).getByRole('button', { name: 'Sign in' })).toBeTruthy();
  });

  it('says so where nobody can sign in', async () => {
    renderApp('/streams/demo/keynote', {
      ...showing(aStream()),
      config: () => Promise.resolve({ ...config, oidc: null }),
    });
    expect(await screen.findByText('Sign-in is not set up on this site.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Sign in' })).toBeNull();
  });

  it.each([
    ['owner', 'Owner', /This stream is yours/],
    ['moderator', 'Moderator', /moderate the chat/],
    ['viewer', 'Viewer', /watch and write/],
  ] as const)('names the role %s', async (role, name, explanation) => {
    renderApp('/streams/demo/keynote', showing(aStream({ role })));
    expect(await screen.findByText(name)).toBeTruthy();
    expect(screen.getByText(explanation)).toBeTruthy();
  });

  it('shows a signal that it does not know as it came', async () => {
    renderApp('/streams/demo/keynote', showing(aLiveStream({ health: 'DEGRADED' })));
    expect(await screen.findByText('DEGRADED')).toBeTruthy();
    expect(screen.queryByText(/stream\.health/)).toBeNull();
  });

  it.each([
    ['STARVING', /arrives too slowly/],
    ['UNKNOWN', /cannot tell yet/],
  ] as const)('explains the signal %s', async (health, explanation) => {
    renderApp('/streams/demo/keynote', showing(aLiveStream({ health })));
    expect(await screen.findByText(explanation)).toBeTruthy();
  });

  it('shows what has just been made', async () => {
    const bare = aStream({ ready: false });
    delete bare.playbackUrl;
    delete bare.chatRoomArn;
    renderApp('/streams/demo/keynote', showing(bare));
    expect((await screen.findAllByText('Being set up')).length).toBeGreaterThan(0);
    expect(screen.getAllByText('Not known yet')).toHaveLength(2);
  });

  it('shows markup in titles as text', async () => {
    const title = '<img src=x onerror=alert(1)>';
    const { container } = renderApp('/streams/demo/keynote', showing(aStream({ title })));
    expect(await screen.findByRole('heading', { level: 1, name: title })).toBeTruthy();
    expect(container.querySelector('main img')).toBeNull();
  });

  it('copies the playback URL and says so', async () => {
    const user = userEvent.setup();
    renderApp('/streams/demo/keynote', showing(aStream()));
    await user.click(await screen.findByRole('button', { name: 'Copy Playback URL' }));
    expect(await navigator.clipboard.readText()).toBe('https://a.playback.live-video.net/keynote.m3u8');
    expect((await screen.findAllByText('Playback URL is in your clipboard.')).length).toBeGreaterThan(0);
  });

  it('says when the browser does not let it copy', async () => {
    const user = userEvent.setup();
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new DOMException('no', 'NotAllowedError'));
    renderApp('/streams/demo/keynote', showing(aStream()));
    await user.click(await screen.findByRole('button', { name: 'Copy link' }));
    expect((await screen.findAllByText('Could not copy')).length).toBeGreaterThan(0);
  });
});

describe('trouble', () => {
  const words: [Trouble, string, boolean][] = [
    ['unauthenticated', 'User not authenticated', false],
    ['forbidden', 'Not for this account', true],
    ['notFound', 'There is no such stream', true],
    ['conflict', 'Somebody was quicker', true],
    ['tooMany', 'Too many requests', true],
    ['unavailable', 'Not available for the moment', true],
    ['unreachable', 'No answer from the server', true],
    ['refused', 'The server did not understand the request', true],
    ['broken', 'Something went wrong on the server', true],
  ];

  it.each(words)('%s on a stream: %s', async (trouble, title, canRetry) => {
    renderApp('/streams/demo/keynote', { stream: failing(trouble) });
    const alert = await screen.findByRole('alert');
    expect(within(alert).getByRole('heading', { name: title })).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Try again' }) !== null).toBe(canRetry);
    expect(screen.getByRole('link', { name: 'To all streams' })).toBeTruthy();
    await expectAccessible();
  });

  it.each(words)('%s in the directory: %s', async (trouble, title) => {
    renderApp('/', { streams: failing(trouble) });
    expect(await screen.findByRole('heading', { name: title })).toBeTruthy();
  });

  it('offers to sign in where that may help', async () => {
    const signIn = vi.fn(() => new Promise<void>(() => undefined));
    renderApp('/streams/demo/keynote', { stream: failing('unauthenticated') }, { issuer: { signIn } });
    await screen.findByRole('alert');
    const main = within(screen.getByRole('main'));
    await userEvent.click(main.getByRole('button', { name: 'Sign in' }));
    expect(signIn).toHaveBeenCalledWith({ silent: false, returnTo: '/streams/demo/keynote' });
  });

  it("gives the server's own words", async () => {
    renderApp('/', { streams: failing('unavailable', 'the cache is not filled yet') });
    expect(await screen.findByText('The server says: the cache is not filled yet')).toBeTruthy();
  });

  it('says when it tries again, and tries at once when asked', async () => {
    const user = userEvent.setup();
    const streams = vi.fn(() => Promise.resolve({ items: [aStream()] }));
    streams.mockImplementationOnce(failing('tooMany'));
    renderApp('/', { streams });
    expect(await screen.findByText('Next try in 1 min.')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByRole('link', { name: 'Launch keynote' })).toBeTruthy();
  });

  it('the configuration cannot be had', async () => {
    renderApp('/', { config: failing('unreachable') });
    expect(await screen.findByRole('heading', { name: 'No answer from the server' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
  });

  it('a page that does not exist', async () => {
    renderApp('/no/such/page', {});
    expect(await screen.findByRole('heading', { name: 'There is no such page' })).toBeTruthy();
    await expectAccessible();
  });
});

describe('signing in', () => {
  it('shows who is there and returns to the page where it began', async () => {
    renderApp('/callback?code=c&state=s', listing(aStream()), {
      issuer: { complete: () => Promise.resolve({ account: alice, returnTo: '/?state=OFFLINE' }) },
    });
    expect(await screen.findByRole('button', { name: 'Account of Alice' })).toBeTruthy();
    await waitFor(() => {
      expect(window.location.pathname + window.location.search).toBe('/?state=OFFLINE');
    });
    await expectAccessible();
  });

  it('signs out from the menu, by keyboard', async () => {
    const user = userEvent.setup();
    renderApp('/callback?code=c&state=s', listing(aStream()), asAlice);
    (await screen.findByRole('button', { name: 'Account of Alice' })).focus();
    await user.keyboard('{Enter}');
    await screen.findByRole('menuitem', { name: 'Sign out' });
    await user.keyboard('{Enter}');
    expect(await screen.findByRole('button', { name: 'Sign in' })).toBeTruthy();
  });

  it('asks for everything anew as somebody else', async () => {
    const streams = vi.fn(() => Promise.resolve({ items: [aStream()] }));
    const memory = fakeMemory();
    renderApp('/callback?code=c&state=s', { streams }, { ...asAlice, memory });
    await screen.findByRole('link', { name: 'Launch keynote' });
    streams.mockResolvedValue({ items: [aStream({ title: 'What guests see' })] });
    act(() => {
      memory.forget();
    });
    expect(await screen.findByRole('link', { name: 'What guests see' })).toBeTruthy();
    expect((await screen.findAllByText('You signed out in another window.')).length).toBeGreaterThan(0);
  });

  it('says why it did not work', async () => {
    renderApp('/callback?error=access_denied&state=s', listing(aStream()), {
      issuer: { complete: () => Promise.reject(new SignInError('refused')) },
    });
    expect((await screen.findAllByText('Sign-in was cancelled')).length).toBeGreaterThan(0);
    expect(await screen.findByRole('link', { name: 'Launch keynote' })).toBeTruthy();
  });
});

describe('language', () => {
  it('switches everything, is kept, and is told to the browser', async () => {
    const user = userEvent.setup();
    renderApp('/', listing(aLiveStream()));
    await screen.findByRole('link', { name: 'Launch keynote' });
    expect(document.documentElement.lang).toBe('en');
    await user.click(screen.getByRole('button', { name: 'Tiếng Việt' }));
    expect(await screen.findByRole('heading', { level: 1, name: 'Các stream' })).toBeTruthy();
    expect(screen.getByText('1 giờ 12 phút')).toBeTruthy();
    expect(document.documentElement.lang).toBe('vi');
    expect(document.title).toBe('Kênh trực tiếp');
    expect(localStorage.getItem('ivs.language')).toBe('vi');
  });

  it('says trouble in Vietnamese', async () => {
    renderApp('/streams/demo/keynote', { stream: failing('unauthenticated') }, { language: 'vi' });
    expect(await screen.findByRole('heading', { name: 'Người dùng chưa xác thực' })).toBeTruthy();
  });
});

describe('navigation', () => {
  it('moves the focus to the new page', async () => {
    const user = userEvent.setup();
    renderApp('/', { ...listing(aStream()), stream: () => Promise.resolve(aStream()) });
    await user.click(await screen.findByRole('link', { name: 'Launch keynote' }));
    expect(await screen.findByRole('heading', { level: 1, name: 'Launch keynote' })).toBeTruthy();
    expect(document.activeElement).toBe(screen.getByRole('main'));
    expect(screen.getByRole('link', { name: 'Skip to content' })).toHaveProperty('hash', '#main');
  });
});
