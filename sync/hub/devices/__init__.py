"""The county's kiosks: enrolment, service, revocation."""
