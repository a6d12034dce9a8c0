import { Button } from '@base-ui/react/button';
import { Field } from '@base-ui/react/field';
import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'wouter';
import type { Stream, StreamState } from '../api/types.ts';
import { useFormat } from '../i18n/format.ts';
import { useServices, useSession } from '../services.ts';
import { changesBetween, createStreamList, idOf, type ListQuery, type StreamList } from '../streams/list.ts';
import { Announcer } from '../ui/announcer.tsx';
import { Cross, Search } from '../ui/icons.tsx';
import { usePageTitle } from '../ui/page.ts';
import { PageProblem, StaleNotice } from '../ui/problem.tsx';
import { coverOf, initialOf, LiveFor, PrivateBadge, StateBadge, Viewers } from '../ui/stream-bits.tsx';
import { usePoller } from '../ui/use-poll.ts';
import { Waiting } from '../ui/waiting.tsx';

const SEARCH_DELAY_MS = 250;
const SEARCH_LIMIT = 200;

export function DirectoryPage() {
  const { t } = useTranslation();
  const { api, surroundings } = useServices();
  const [query, setQuery] = useQuery();
  const [list] = useState(() => createStreamList(api, surroundings, query));
  const { data, error, busy, retryAt, answeredAt } = usePoller(list);
  const announcement = useChanges(data);
  usePageTitle(undefined);

  useEffect(() => {
    const timer = setTimeout(() => {
      list.setQuery(query);
    }, SEARCH_DELAY_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [list, query]);

  if (!data && error)
    return <PageProblem error={error} busy={busy} retryAt={retryAt} onRetry={list.refresh} />;
  return (
    <div className="directory">
      <div className="directory-head">
        <h1>{t('directory.title')}</h1>
        <Filters query={query} onChange={setQuery} />
      </div>
      {error && answeredAt !== undefined && (
        <StaleNotice
          error={error}
          busy={busy}
          retryAt={retryAt}
          onRetry={list.refresh}
          answeredAt={answeredAt}
        />
      )}
      <Announcer>{announcement}</Announcer>
      {data ? <Lists list={data} query={query} /> : <Waiting>{t('directory.loading')}</Waiting>}
      {data?.hasMore && (
        <Button
          className="button directory-more"
          disabled={busy}
          focusableWhenDisabled
          onClick={list.showMore}
        >
          {t('directory.more')}
        </Button>
      )}
    </div>
  );
}

/** The query lives in the address, so that it can be shared and survives a reload. */
function useQuery(): [ListQuery, (query: ListQuery) => void] {
  const [parameters, setParameters] = useSearchParams();
  const state = parameters.get('state');
  const q = (parameters.get('q') ?? '').slice(0, SEARCH_LIMIT);
  const known: StreamState | undefined = state === 'LIVE' || state === 'OFFLINE' ? state : undefined;
  return [
    { q, state: known },
    (next) => {
      setParameters(
        { ...(next.q !== '' && { q: next.q }), ...(next.state && { state: next.state }) },
        { replace: true },
      );
    },
  ];
}

function Filters({ query, onChange }: { query: ListQuery; onChange: (query: ListQuery) => void }) {
  const { t } = useTranslation();
  return (
    <div className="filters" role="search">
      <Field.Root className="search">
        <Field.Label className="visually-hidden">{t('directory.search')}</Field.Label>
        <Search />
        <Field.Control
          className="search-input"
          // Not type="search": its own clear button is not keyboard-reachable.
          type="text"
          inputMode="search"
          enterKeyHint="search"
          autoComplete="off"
          maxLength={SEARCH_LIMIT}
          placeholder={t('directory.searchHint')}
          value={query.q}
          onValueChange={(q) => {
            onChange({ ...query, q });
          }}
        />
        {query.q !== '' && (
          <Button
            className="icon-button"
            aria-label={t('directory.clear')}
            onClick={() => {
              onChange({ ...query, q: '' });
            }}
          >
            <Cross />
          </Button>
        )}
      </Field.Root>
      <ToggleGroup
        className="segments"
        aria-label={t('directory.filter')}
        value={[query.state ?? 'ALL']}
        onValueChange={([choice]) => {
          if (choice === undefined) return;
          onChange({ ...query, state: choice === 'LIVE' || choice === 'OFFLINE' ? choice : undefined });
        }}
      >
        <Toggle className="segment" value="ALL">
          {t('directory.all')}
        </Toggle>
        <Toggle className="segment" value="LIVE">
          {t('directory.onlyLive')}
        </Toggle>
        <Toggle className="segment" value="OFFLINE">
          {t('directory.onlyOffline')}
        </Toggle>
      </ToggleGroup>
    </div>
  );
}

/** What changed since the list before, in words. */
function useChanges(list: StreamList | undefined): string {
  const { t } = useTranslation();
  const [seen, setSeen] = useState(list);
  const [words, setWords] = useState('');
  if (list !== seen) {
    setSeen(list);
    const changes = seen && list ? changesBetween(seen, list) : [];
    if (changes.length > 0)
      setWords(changes.map(({ kind, title }) => t(`directory.${kind}`, { title })).join(' '));
  }
  return words;
}

function Lists({ list, query }: { list: StreamList; query: ListQuery }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { live, offline } = list;
  if (live.length + offline.length === 0) return <Nothing query={query} />;
  return (
    <>
      {query.state !== 'OFFLINE' && (
        <section aria-labelledby="live-heading">
          <h2 id="live-heading" className="section-heading">
            {t('directory.live')}
            <span className="count" aria-hidden="true">
              {format.count(live.length)}
            </span>
            <span className="visually-hidden">
              {t('directory.summary', { count: live.length, formatted: format.count(live.length) })}
            </span>
          </h2>
          {live.length > 0 ? (
            <ul className="cards">
              {live.map((stream) => (
                <li key={idOf(stream)}>
                  <LiveCard stream={stream} />
                </li>
              ))}
            </ul>
          ) : (
            <p className="quiet">{t('directory.nobodyLive')}</p>
          )}
        </section>
      )}
      {offline.length > 0 && (
        <section aria-labelledby="offline-heading">
          <h2 id="offline-heading" className="section-heading">
            {t('directory.offline')}
            <span className="count" aria-hidden="true">
              {format.count(offline.length)}
            </span>
          </h2>
          <ul className="rows">
            {offline.map((stream) => (
              <li key={idOf(stream)}>
                <OfflineRow stream={stream} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function pathOf(stream: Stream): string {
  return `/streams/${encodeURIComponent(stream.namespace)}/${encodeURIComponent(stream.name)}`;
}

function LiveCard({ stream }: { stream: Stream }) {
  return (
    <article className="card">
      <div className={`cover ${coverOf(stream)}`}>
        <span className="cover-initial" aria-hidden="true">
          {initialOf(stream.title)}
        </span>
        <span className="cover-start">
          <StateBadge stream={stream} />
          <PrivateBadge stream={stream} />
        </span>
      </div>
      <div className="card-body">
        <h3 className="card-title" dir="auto">
          <Link href={pathOf(stream)} className="card-link">
            {stream.title}
          </Link>
        </h3>
        {stream.description !== undefined && (
          <p className="card-text" dir="auto">
            {stream.description}
          </p>
        )}
        <p className="metas">
          {stream.viewers !== undefined && <Viewers count={stream.viewers} />}
          {stream.startedAt !== undefined && <LiveFor startedAt={stream.startedAt} />}
        </p>
      </div>
    </article>
  );
}

function OfflineRow({ stream }: { stream: Stream }) {
  return (
    <article className="row">
      <span className={`avatar ${coverOf(stream)}`} aria-hidden="true">
        {initialOf(stream.title)}
      </span>
      <div className="row-body">
        <h3 className="row-title" dir="auto">
          <Link href={pathOf(stream)} className="card-link">
            {stream.title}
          </Link>
        </h3>
        <p className="row-text" dir="auto">
          {stream.description ?? idOf(stream)}
        </p>
      </div>
      <span className="row-end">
        <PrivateBadge stream={stream} />
        {/* That it is offline is said by the heading. */}
        {!stream.ready && <StateBadge stream={stream} />}
      </span>
    </article>
  );
}

function Nothing({ query }: { query: ListQuery }) {
  const { t } = useTranslation();
  const session = useSession();
  const isFiltered = query.q !== '' || query.state !== undefined;
  return (
    <div className="nothing">
      <h2>{isFiltered ? t('directory.nothingFound.title') : t('directory.empty.title')}</h2>
      <p>{isFiltered ? t('directory.nothingFound.text') : t('directory.empty.text')}</p>
      {session.kind === 'guest' && session.canSignIn && <p>{t('directory.emptyGuest')}</p>}
    </div>
  );
}
