/** What there is to know of a certificate; `untold`: nobody says, and why. */
export type RevocationStatus =
  | { readonly kind: 'good' }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'untold'; readonly why: string }
