"""The only modules that speak DynamoDB: one table, of these items.

| pk | sk | what |
| --- | --- | --- |
| `msg_…` | `M` | a message to several numbers |
| `msg_…` | `S#<path>` | a submission's state; of a message to one number: the message and its recipient too |
| `msg_…#B#<block>` | `S#<path>` | likewise, of a message with so many that they stand in blocks (`ids.py`) |
| `msg_…#S#<path>` | `S#<path>` | a resend: the submission to one recipient whose report was a failure, or missing |
| `msg_…#P#<path>` | `<chunk>` | a submission's payload, which never changes |
| `msg_…#R#<root>#<bucket>` | number | a recipient |
| `vid#<account>#<vendor id>` | `map` | the submission that a vendor's id belongs to |
| `vid#<account>#<vendor id but its last two characters>` | `block` | the submissions that neighbouring ids belong to |
| `vid#<account>#<vendor id>` | `early#…` | a report that came before its submission's own answer, or has no place |
| `page#<account>#<kind>`, `page#<name>` | `<chunk>` | a poll's answer that its queue did not take yet, or never will |
| `mo_…` | `I` | a reply |
| `parts#…` | `P#<number>#<digest>`, `J` | a part of a long reply; the claim of whoever puts them together |
| `account#<name>` | `poll#<kind>`, `pace#<operation>`, `seen`, `balance`, `alert#…` | what is known of an account |
| `client#<key hash>`, `template#<name>`, `suppressed#<number>` | `C`, `T`, `X` | what clients registered |

Indexes: `by_number` (`to`, `at`; with `client`), `by_due` (`due_shard`, `due_at`), `by_list` (`list`, `listed_at`).
"""
