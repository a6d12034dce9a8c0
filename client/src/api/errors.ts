/** What can go wrong with a request, in the terms in which people are told and machines decide to try again. */
export type Trouble =
  | 'unauthenticated'
  | 'forbidden'
  | 'notFound'
  | 'conflict'
  | 'tooMany'
  | 'unavailable'
  | 'unreachable'
  | 'refused'
  | 'broken';

export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly trouble: Trouble,
    /** The server's own words, in English; for people who look into it. */
    readonly detail?: string,
    /** Seconds the server asks to wait. */
    readonly retryAfter?: number,
  ) {
    super(detail ?? trouble);
  }
}

export function troubleOf(status: number): Trouble {
  switch (status) {
    case 401:
      return 'unauthenticated';
    case 403:
      return 'forbidden';
    case 404:
    case 410:
      return 'notFound';
    case 409:
    case 412:
      return 'conflict';
    case 408:
    case 502:
    case 503:
    case 504:
      return 'unavailable';
    case 429:
      return 'tooMany';
    default:
      return status >= 400 && status < 500 ? 'refused' : 'broken';
  }
}

/** Whether the same request may succeed in a moment, so that what is on the page is only out of date, not wrong. */
export function isPassing(trouble: Trouble): boolean {
  return ['conflict', 'tooMany', 'unavailable', 'unreachable', 'broken'].includes(trouble);
}

/** An exception of our own code is not shown: `detail` is the server's words. The console keeps it. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  console.error(error);
  return new ApiError('broken');
}
