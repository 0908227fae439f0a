/** Of the shared words only those that this app says; the build leaves the others out of its files. */
export const SAID = /^(field|state|role|fact\.problem|command\.problems)\.|^(programme\.demo|room\.problems)$|^column\.(due|reported_ms|position|reopened|reason|into|cause|measure)$/
