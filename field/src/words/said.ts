/** Of the shared words only those that this app says; the build leaves the others out of its files. */
export const SAID = /^(field|state|role|department|task_kind|task_state|fact\.(problem|task)|command\.problems)\.|^command\.tasks\.(claim|verify|reject)$|^(programme\.demo|room\.problems)$|^column\.(due|reported_ms|position|reopened|reason|into|cause|measure)$/
