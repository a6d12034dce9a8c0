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
    <section className="problem" role="alert">
      <span className="problem-sign">
        <Warning />
      </span>
      <h1>{t(`problem.${error.trouble}.title`)}</h1>
      <p>{t(`problem.${error.trouble}.text`)}</p>
      {error.detail !== undefined && error.trouble !== 'unauthenticated' && (
        <p className="problem-detail">{t('problem.server', { detail: error.detail })}</p>
      )}
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
    <div className="stale" role="alert">
      <Warning />
      <p>
        <strong>{t(`problem.${error.trouble}.title`)}</strong>{' '}
        {t('problem.stale', { time: format.time(answeredAt) })} <Countdown retryAt={retryAt} inline />
      </p>
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

/** Not read out: it changes every second. */
function Countdown({ retryAt, inline = false }: { retryAt: number | undefined; inline?: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow(Date.now, 1_000);
  if (retryAt === undefined || retryAt <= now) return null;
  const words = t('problem.retryIn', {
    duration: format.duration(Math.ceil((retryAt - now) / 1_000) * 1_000),
  });
  return inline ? (
    <span aria-live="off">{words}</span>
  ) : (
    <p className="countdown" aria-live="off">
      {words}
    </p>
  );
}
