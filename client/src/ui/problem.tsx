/** Trouble in words. */
import { Button } from '@base-ui/react/button';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { ApiError } from '../api/errors.ts';
import { useFormat } from '../i18n/format.ts';
import { useSession } from '../services.ts';
import { Warning } from './icons.tsx';
import { SignInButton } from './sign-in.tsx';
import { useNow } from './use-now.ts';

interface Props {
  error: ApiError;
  busy: boolean;
  retryAt: number | undefined;
  onRetry: () => void;
}

/** In place of what could not be shown. */
export function PageProblem({ error, busy, retryAt, onRetry, home }: Props & { home?: boolean }) {
  const { t } = useTranslation();
  const session = useSession();
  const asksForUser = error.trouble === 'unauthenticated' || error.trouble === 'notFound';
  return (
    <section className="problem">
      <span className="problem-sign">
        <Warning />
      </span>
      {/* Read out at once; the button and the countdown below change too often for that. */}
      <div className="problem-words" role="alert">
        <h1>{t(`problem.${error.trouble}.title`)}</h1>
        <p>{t(`problem.${error.trouble}.text`)}</p>
        {error.detail !== undefined && !asksForUser && (
          <p className="problem-detail">{t('problem.server', { detail: error.detail })}</p>
        )}
      </div>
      <div className="actions">
        {asksForUser && session.kind === 'guest' && session.canSignIn && <SignInButton />}
        {error.trouble !== 'unauthenticated' && <Retry busy={busy} onRetry={onRetry} />}
        {home && (
          <Link href="/" className="button">
            {t('problem.home')}
          </Link>
        )}
      </div>
      <Countdown retryAt={retryAt} />
    </section>
  );
}

/** Above what is still shown although it may be out of date. */
export function StaleNotice({ error, busy, retryAt, onRetry, answeredAt }: Props & { answeredAt: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className="stale">
      <Warning />
      <div className="stale-words">
        <p role="alert">
          <strong>{t(`problem.${error.trouble}.title`)}</strong>{' '}
          <span>{t('problem.stale', { time: format.time(answeredAt) })}</span>
        </p>
        <Countdown retryAt={retryAt} />
      </div>
      <Retry busy={busy} onRetry={onRetry} />
    </div>
  );
}

function Retry({ busy, onRetry }: Pick<Props, 'busy' | 'onRetry'>) {
  const { t } = useTranslation();
  return (
    <Button className="button" disabled={busy} focusableWhenDisabled onClick={onRetry}>
      {busy ? t('problem.retrying') : t('problem.retry')}
    </Button>
  );
}

function Countdown({ retryAt }: { retryAt: number | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow(Date.now, 1_000);
  if (retryAt === undefined || retryAt <= now) return null;
  const seconds = Math.ceil((retryAt - now) / 1_000);
  return <p className="countdown">{t('problem.retryIn', { duration: format.duration(seconds * 1_000) })}</p>;
}
