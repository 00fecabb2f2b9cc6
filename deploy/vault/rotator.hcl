# What apps/rotator (and standalone with Vault, beside proxy.hcl) may do: write the next version of the secrets that it
# rotates, keep a pending value beside each, and end old versions. One block for each credential.ref in postern.yaml
# whose resource has a `rotation` section, written out: no glob over secrets, so that what is not listed here cannot be
# touched, whatever a registration says. No list, no delete of a secret, no change of its settings: the token cannot find
# out what else there is, nor make it disappear. Wrapping tokens need nothing here: they are their own right.
# The mount is KV version 2. Replace `secret` and `legacy/ledger`; repeat for each such ref.

path "secret/data/legacy/ledger" {
  capabilities = ["create", "read", "update"]
}

# The number of the newest version; and who wrote it, as a note for administrators: nothing but that may be written.
path "secret/metadata/legacy/ledger" {
  capabilities = ["read", "patch"]

  allowed_parameters = {
    "custom_metadata" = []
  }
}

# Old versions, when they have been kept for as long as `rotation.keep` says.
path "secret/destroy/legacy/ledger" {
  capabilities = ["update"]
}

# The pending value of a rotation: `+` is one segment, its id. No policy of a proxy permits these paths.
path "secret/data/legacy/ledger.pending/+" {
  capabilities = ["create", "read", "update"]
}

path "secret/metadata/legacy/ledger.pending/+" {
  capabilities = ["create", "read", "update", "delete"]
}

# The key that opens wrapping tokens on their way to the rotators (rotator.intakeKey). The first rotator makes it; without
# `update` none can replace it.
path "secret/data/postern/rotator-intake" {
  capabilities = ["create", "read"]
}

path "secret/metadata/postern/rotator-intake" {
  capabilities = ["read"]
}

# Only where `rotation.change.by` or `rotation.reconcile` names a privileged account: one pair for each, named
# `postern/rotator-...`, which sts.hcl denies to the STS.
#
# path "secret/data/postern/rotator-ledger-admin" {
#   capabilities = ["read"]
# }
#
# path "secret/metadata/postern/rotator-ledger-admin" {
#   capabilities = ["read"]
# }

# Its own login: to see how long it lasts, and to extend it. Vault's `default` policy grants these too; written out
# here they still hold where a role is set to `token_no_default_policy`.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}
