//! Placeholders: `{{AG_<TAG>_<KIND>_<n>}}` stands for a value that must not reach the model.
//!
//! TAG is derived from a keyed digest of the value, so the same value has the same placeholder in every turn, request,
//! worker and pod of a tenant: provider prompt caches keep hitting and no vault is shared. `<n>` only separates values
//! whose tags collide. If the policy wants them sealed, they carry the value itself (see [`seal`]).

mod grammar;
mod key;
mod seal;
mod vault;

pub(crate) use grammar::scanner;
pub(crate) use key::{DigestKey, VALUE_DIGEST_BYTES};
pub use key::{KeyError, MasterKey, TenantKey};
pub use vault::Vault;
