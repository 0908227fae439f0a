// What is not needed for the first look at the day: forms, the queue's page, settings. One file, loaded when the app is idle.
export { default as MePage } from './me/MePage.vue'
export { default as ActPage } from './problems/ActPage.vue'
export { default as ReportPage } from './problems/ReportPage.vue'
export { default as TaskPage } from './tasks/TaskPage.vue'
export { default as FormsPage } from './surveys/FormsPage.vue'
export { default as QueuePage } from './queue/QueuePage.vue'
