# What apps/relay (and standalone with Vault, beside the others) may do when `audit.key.transit` of postern.yaml names a
# key: sign checkpoints with it, and read its public half. Without it the relay needs no Vault and no policy. It cannot
# make, rotate, export or delete a key, and signs with no other. After a rotation of the key set its min_encryption_version,
# or a stolen login could still sign with the version that was replaced (docs/audit.md).
# The transit engine is mounted at `transit`, the key is an ed25519 key. Replace both by yours.

path "transit/keys/postern-checkpoint" {
  capabilities = ["read"]
}

path "transit/sign/postern-checkpoint" {
  capabilities = ["update"]
}

# Its own login: to see how long it lasts, and to extend it. Vault's `default` policy grants these too; written out
# here they still hold where a role is set to `token_no_default_policy`.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}
