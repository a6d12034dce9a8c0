import { type ReactNode, useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { Stream } from '../api/types.ts';
import { useFormat } from '../i18n/format.ts';
import { useServices, useSession } from '../services.ts';
import { idOf } from '../streams/list.ts';
import { Announcer } from '../ui/announcer.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Back, Link as LinkIcon } from '../ui/icons.tsx';
import { usePageTitle } from '../ui/page.ts';
import { PageProblem, StaleNotice } from '../ui/problem.tsx';
import { SignInButton } from '../ui/sign-in.tsx';
import { coverOf, LiveFor, PrivateBadge, StateBadge, Viewers } from '../ui/stream-bits.tsx';
import { usePoll } from '../ui/use-poll.ts';
import { Waiting } from '../ui/waiting.tsx';

const INTERVAL_MS = 4_000;

export function StreamPage({ namespace, name }: { namespace: string; name: string }) {
  const { t } = useTranslation();
  const { api } = useServices();
  const load = useCallback(
    (signal: AbortSignal) => api.stream(namespace, name, signal),
    [api, namespace, name],
  );
  const [{ data: stream, error, busy, retryAt, answeredAt }, refresh] = usePoll(load, INTERVAL_MS);
  usePageTitle(stream?.title ?? (error ? t(`problem.${error.trouble}.title`) : name));

  if (!stream) {
    return error ? (
      <PageProblem error={error} busy={busy} retryAt={retryAt} onRetry={refresh} home />
    ) : (
      <Waiting>{t('stream.loading')}</Waiting>
    );
  }
  return (
    <article className="stream">
      <Link href="/" className="back">
        <Back />
        {t('stream.back')}
      </Link>
      {error && answeredAt !== undefined && (
        <StaleNotice error={error} busy={busy} retryAt={retryAt} onRetry={refresh} answeredAt={answeredAt} />
      )}
      <StateAnnouncer stream={stream} />
      <Hero stream={stream} />
      <div className="stream-columns">
        <div className="stream-main">
          <About stream={stream} />
          <Technical stream={stream} />
        </div>
        <div className="stream-side">
          <Now stream={stream} />
          <You stream={stream} />
        </div>
      </div>
    </article>
  );
}

function StateAnnouncer({ stream }: { stream: Stream }) {
  const { t } = useTranslation();
  const [state, setState] = useState(stream.state);
  const [words, setWords] = useState('');
  if (state !== stream.state) {
    setState(stream.state);
    setWords(stream.state === 'LIVE' ? t('stream.announceLive') : t('stream.announceOffline'));
  }
  return <Announcer>{words}</Announcer>;
}

function Hero({ stream }: { stream: Stream }) {
  const { t } = useTranslation();
  const isLive = stream.state === 'LIVE';
  return (
    <header className={`hero ${coverOf(stream)} ${isLive ? '' : 'hero-quiet'}`}>
      <p className="hero-badges">
        <StateBadge stream={stream} />
        <PrivateBadge stream={stream} />
      </p>
      <h1 className="hero-title" dir="auto">
        {stream.title}
      </h1>
      <div className="hero-foot">
        <div className="metas">
          {isLive && stream.viewers !== undefined && <Viewers count={stream.viewers} />}
          {isLive && stream.startedAt !== undefined && <LiveFor startedAt={stream.startedAt} />}
          {!isLive && <span>{stream.ready ? t('stream.offlineText') : t('stream.settingUpText')}</span>}
        </div>
        <CopyButton text={window.location.href} what={t('copy.link')}>
          <LinkIcon />
          {t('stream.share')}
        </CopyButton>
      </div>
    </header>
  );
}

function About({ stream }: { stream: Stream }) {
  const { t } = useTranslation();
  return (
    <section className="panel" aria-labelledby="about-heading">
      <h2 id="about-heading">{t('stream.about')}</h2>
      {stream.description === undefined ? (
        <p className="quiet">{t('stream.untitledDescription')}</p>
      ) : (
        <p className="prose" dir="auto">
          {stream.description}
        </p>
      )}
    </section>
  );
}

function Now({ stream }: { stream: Stream }) {
  const { t } = useTranslation();
  return (
    <section className="panel" aria-labelledby="now-heading">
      <h2 id="now-heading">{t('stream.now')}</h2>
      <dl className="facts">
        <Fact name={t('stream.facts.state')}>
          <StateBadge stream={stream} />
        </Fact>
        {stream.state === 'LIVE' && <LiveFacts stream={stream} />}
      </dl>
      {isKnownHealth(stream.health) && <p className="hint">{t(`stream.health.explain.${stream.health}`)}</p>}
    </section>
  );
}

function LiveFacts({ stream: { viewers, startedAt, health } }: { stream: Stream }) {
  const { t } = useTranslation();
  const format = useFormat();
  const start = startedAt === undefined ? Number.NaN : Date.parse(startedAt);
  const unknown = <span className="quiet">{t('stream.facts.unknown')}</span>;
  return (
    <>
      <Fact name={t('stream.facts.viewers')}>{viewers === undefined ? unknown : format.count(viewers)}</Fact>
      <Fact name={t('stream.facts.started')}>
        {Number.isNaN(start) ? unknown : <time dateTime={startedAt}>{format.dateTime(start)}</time>}
      </Fact>
      <Fact name={t('stream.facts.health')}>
        {health === undefined ? unknown : <Health health={health} />}
      </Fact>
    </>
  );
}

const HEALTHS = ['HEALTHY', 'STARVING', 'UNKNOWN'] as const;

function isKnownHealth(health: string | undefined): health is (typeof HEALTHS)[number] {
  return HEALTHS.some((known) => known === health);
}

/** A word that AWS added since is better than none, and than a key of the language files. */
function Health({ health }: { health: string }) {
  const { t } = useTranslation();
  if (!isKnownHealth(health)) return health;
  return <span className={`health health-${health.toLowerCase()}`}>{t(`stream.health.${health}`)}</span>;
}

function You({ stream }: { stream: Stream }) {
  const { t } = useTranslation();
  const session = useSession();
  return (
    <section className="panel" aria-labelledby="you-heading">
      <h2 id="you-heading">{t('stream.role.label')}</h2>
      <p>
        <span className={`badge badge-role role-${stream.role}`}>{t(`stream.role.${stream.role}`)}</span>
      </p>
      <p className="hint">{t(`stream.role.explain.${stream.role}`)}</p>
      {session.kind === 'guest' &&
        (session.canSignIn ? (
          <div className="actions">
            <SignInButton />
          </div>
        ) : (
          <p className="hint">{t('session.unconfigured')}</p>
        ))}
    </section>
  );
}

function Technical({ stream }: { stream: Stream }) {
  const { t } = useTranslation();
  const { chat } = stream;
  const chatWords = chat.anonymousRead ? 'stream.chat.guestsRead' : 'stream.chat.membersOnly';
  return (
    <section className="panel" aria-labelledby="technical-heading">
      <h2 id="technical-heading">{t('stream.technical')}</h2>
      <dl className="facts facts-wide">
        <Fact name={t('stream.facts.access')}>{t(`stream.access.${stream.playback.access}`)}</Fact>
        <Fact name={t('stream.facts.chat')}>
          {chat.enabled ? t(chatWords, { count: chat.maximumMessageLength }) : t('stream.chat.off')}
        </Fact>
        <Fact name={t('stream.facts.region')}>{stream.region}</Fact>
        <Fact name={t('stream.facts.object')}>
          <code>{idOf(stream)}</code>
        </Fact>
        <Fact name={t('stream.facts.playbackUrl')}>
          <Copyable text={stream.playbackUrl} what={t('stream.facts.playbackUrl')} />
        </Fact>
        {chat.enabled && (
          <Fact name={t('stream.facts.chatRoomArn')}>
            <Copyable text={stream.chatRoomArn} what={t('stream.facts.chatRoomArn')} />
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Copyable({ text, what }: { text: string | undefined; what: string }) {
  const { t } = useTranslation();
  if (text === undefined) return <span className="quiet">{t('stream.facts.unknown')}</span>;
  return (
    <span className="copyable">
      <code>{text}</code>
      <CopyButton text={text} what={what} />
    </span>
  );
}
