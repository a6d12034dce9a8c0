/** The API's answers. Written by hand until its OpenAPI document is committed; keep it the same as `src/api/` of the operator. */

export interface Config {
  /** How to sign in; `null` where nobody can. */
  oidc: OidcConfig | null;
  languages: string[];
  /** WebSocket endpoint of the chat of the default region. */
  chatEndpoint: string;
  limits: { titleLength: number; descriptionLength: number; messageLength: number };
}

export interface OidcConfig {
  issuer: string;
  clientId: string;
  scope: string;
}

export type StreamState = 'LIVE' | 'OFFLINE';
export type Role = 'owner' | 'moderator' | 'viewer' | 'guest';

export interface Stream {
  namespace: string;
  name: string;
  title: string;
  description?: string;
  region: string;
  /** Whether channel, room and key are as they should be. */
  ready: boolean;
  state: StreamState;
  /** In AWS's words, which the API passes on: `HEALTHY`, `STARVING`, `UNKNOWN`, or one that AWS adds. */
  health?: string;
  viewers?: number;
  /** ISO 8601 */
  startedAt?: string;
  playbackUrl?: string;
  chatRoomArn?: string;
  playback: { access: 'Public' | 'Private' };
  chat: { enabled: boolean; anonymousRead: boolean; maximumMessageLength: number };
  /** What the caller is to this stream. */
  role: Role;
}

export interface StreamPage {
  items: Stream[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export interface StreamQuery {
  q?: string;
  state?: StreamState;
  limit?: number;
  cursor?: string;
}

/** RFC 9457 */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
}
