/** Pieces of a stream that the directory and the stream's page share. */
import { useTranslation } from 'react-i18next';
import type { Stream } from '../api/types.ts';
import { useFormat } from '../i18n/format.ts';
import { useServices } from '../services.ts';
import { idOf } from '../streams/list.ts';
import { Clock, Eye, Lock } from './icons.tsx';
import { useNow } from './use-now.ts';

const COVERS = 6;

/** The same colours for a stream everywhere: there are no pictures of streams. */
export function coverOf(stream: Pick<Stream, 'namespace' | 'name'>): string {
  let hash = 0;
  for (const character of idOf(stream)) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return `cover-${hash % COVERS}`;
}

export function initialOf(title: string): string {
  const [first] = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(title.trim());
  return first?.segment.toLocaleUpperCase() ?? '';
}

export function StateBadge({ stream }: { stream: Pick<Stream, 'state' | 'ready'> }) {
  const { t } = useTranslation();
  if (stream.state === 'LIVE') {
    return (
      <span className="badge badge-live">
        <span className="badge-dot" aria-hidden="true" />
        {t('stream.state.LIVE')}
      </span>
    );
  }
  return stream.ready ? (
    <span className="badge">{t('stream.state.OFFLINE')}</span>
  ) : (
    <span className="badge badge-setup">{t('stream.settingUp')}</span>
  );
}

export function PrivateBadge({ stream }: { stream: Pick<Stream, 'playback'> }) {
  const { t } = useTranslation();
  if (stream.playback.access !== 'Private') return null;
  return (
    <span className="badge">
      <Lock />
      {t('stream.private')}
    </span>
  );
}

export function Viewers({ count }: { count: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <span className="meta">
      <Eye />
      {t('stream.viewers', { count, formatted: format.compact(count) })}
    </span>
  );
}

/** How long it has been live, by the server's clock. */
export function LiveFor({ startedAt }: { startedAt: string }) {
  const { t } = useTranslation();
  const { api } = useServices();
  const format = useFormat();
  const now = useNow(api.now, 1_000);
  const start = Date.parse(startedAt);
  if (Number.isNaN(start)) return null;
  const duration = format.duration(now - start);
  return (
    <time className="meta" dateTime={startedAt} title={t('stream.started', { when: format.dateTime(start) })}>
      <Clock />
      <span className="visually-hidden">{t('stream.liveFor', { duration })}</span>
      <span aria-hidden="true">{duration}</span>
    </time>
  );
}
