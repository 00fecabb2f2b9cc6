# What apps/proxy (and standalone with Vault) may do: read the secrets of registered resources, nothing else. One pair
# of paths for each credential.ref in postern.yaml, written out: no glob, so that a new secret is not readable until
# somebody adds it here. No list, no write, no delete: the token cannot find out what else there is, nor change it.
# The mount is KV version 2. Replace `secret` and `legacy/ledger`; repeat for each ref.

path "secret/data/legacy/ledger" {
  capabilities = ["read"]
}

# The number of the newest version and whether it is deleted; holds no secret.
path "secret/metadata/legacy/ledger" {
  capabilities = ["read"]
}

# Its own login: to see how long it lasts, and to extend it. Vault's `default` policy grants these too; written out
# here they still hold where a role is set to `token_no_default_policy`.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}
