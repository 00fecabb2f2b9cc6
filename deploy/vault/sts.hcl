# What apps/sts (and standalone with Vault, beside proxy.hcl) may do when an issuer of kind `introspection` is
# registered: read the secrets by which Postern itself authenticates at others, and nothing else. Without such an issuer
# the STS needs no Vault and no policy. The folder `postern/` is for these secrets alone: whatever is written there, the
# STS can read, so no secret of a legacy system ever belongs there. What the rotators need of that kind is named
# `postern/rotator-...`, which is denied here. No list, no write, no delete.
# The mount is KV version 2. Replace `secret` by yours.

path "secret/data/postern/*" {
  capabilities = ["read"]
}

# The number of the newest version and whether it is deleted; holds no secret.
path "secret/metadata/postern/*" {
  capabilities = ["read"]
}

# But not what belongs to the rotators: the key that opens wrapping tokens, and the privileged accounts that change
# passwords. Vault takes the longer of two globs.
path "secret/data/postern/rotator-*" {
  capabilities = ["deny"]
}

path "secret/metadata/postern/rotator-*" {
  capabilities = ["deny"]
}

# Its own login: to see how long it lasts, and to extend it. Vault's `default` policy grants these too; written out
# here they still hold where a role is set to `token_no_default_policy`.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}
