"""The service: texts in, answers out. Knows no task, and of formats which runtime takes them."""
