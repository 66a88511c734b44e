"""What Lockgate sends, in the forms that others read: OCSF, Elastic Common Schema, CloudEvents headers.

`lockgate.alerts`, `lockgate.verdicts` and `lockgate.deadletters` always hold native JSON: they are what the journal's
hashes, audits, the client and the console rest on. Other forms of the alerts go to output topics of their own, in the same
transaction, as a pure function of the native message: they are exactly-once, too, and choosing, changing or dropping a form
never touches what was judged.
"""
