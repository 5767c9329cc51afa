/** What pages do beyond being read, where scripts run. */
document.documentElement.classList.add("has-script");
