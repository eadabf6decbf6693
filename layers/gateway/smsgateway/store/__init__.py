"""The only modules that speak DynamoDB.

Which items there are is on the map: README.md, "The items of the table".

    table.py             the wire: items as dictionaries, conditional writes, whole queries, batches that end
    keys.py              where everything stands: the grammar of partition and sort keys
    change.py            one conditional write, put together from its parts
    messages.py          messages and payloads: what was accepted
    submissions.py       submissions as they stand in the table
    states.py            the table of states and of every way from one to another
    transitions.py       the one way of a submission from each state to the next: the writes
    claims.py            the right to write a submission's rows, and to mark it
    recipients.py        recipients, a row each
    report_writes.py     what reports write into the rows, and what is written when none came
    finals.py            a recipient's final status, and the one write that sets it
    history.py           what was reported of a recipient
    parts.py             what the parts of a long message make of the whole
    reports.py           which submission a report is about; early reports, and those without a place
    vendor_ids.py        from a vendor's id to its submission
    reroutes.py          reroutes: which were decided on, and who speaks for a recipient
    replies.py           replies, each kept once
    reply_parts.py       the parts of long replies
    groups.py            the parts of long replies, as the release before kept them
    joining.py           which parts make a long reply
    listing.py           pages of the indexes by number and by list
    spared.py            recipients of a submission that it is not sent to, for they have opted out
    awaiting_reports.py  the submissions that wait for reports, by the moment of their mark
    accounts.py          what is known of an account: balance, statistics, pushes, silence
    pacing.py            when an account's next call may be made
    polling.py           the lease and the intent of an account's polls
    alerts.py            what the operator must know of an account
    breakers.py          an account's breaker, and its slow calls
    signatures.py        signatures that vendors refuse, as far as was learned
    clients.py           clients, by the hash of their key and by their name
    templates.py         templates
    numbers.py           what limits texts to a number: suppressions, opt-outs, and what counts towards caps
    set_apart.py         the numbers of a post that its message does not go to
    stops.py             stops of marketing: by replies and by the API, and undone
    stops_import.py      many stops at once
    suppressions.py      numbers that an administrator has suppressed
    spending.py          a client's segments of the day
    verifications.py     verifications: the newest of each client, number and template
    counted_keys.py      how often codes were asked for under a client's keys
    conversions.py       what becomes of a client's verifications, by the hour
    pages.py             vendor bytes that no queue takes, in pieces
    write_pace.py        how fast one process writes what is large
"""
