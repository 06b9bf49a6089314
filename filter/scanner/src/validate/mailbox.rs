//! E-mail addresses.

/// Local parts that stand for "somebody" in documentation.
const NOBODY: &[&[u8]] = &[
    b"user",
    b"username",
    b"email",
    b"mail",
    b"name",
    b"yourname",
    b"your.name",
    b"your-name",
    b"your_name",
    b"you",
    b"me",
    b"your-email",
    b"your_email",
    b"youremail",
    b"recipient",
    b"sender",
    b"from",
    b"to",
    b"cc",
    b"bcc",
    b"foo",
    b"bar",
    b"someone",
    b"somebody",
    b"address",
    b"example",
    b"boss",
    b"manager",
    b"hr",
    b"admin",
];

/// Local parts that are no mailbox of a person in any domain.
const ROBOTS: &[&[u8]] = &[
    b"noreply",
    b"no-reply",
    b"no_reply",
    b"do-not-reply",
    b"donotreply",
    b"git",
    b"phone_number",
    b"email_address",
    b"user_name",
    b"your_email",
    b"your-email",
    b"youremail",
    b"mailer-daemon",
    b"postmaster",
    b"alert",
    b"alerts",
    b"notification",
    b"notifications",
    b"newsletter",
    b"bounce",
    b"bounces",
];

/// Domains that are reserved for documentation (RFC 2606 §3), and those that people write as if they were.
const RESERVED: &[&[u8]] = &[
    b"example.com",
    b"example.org",
    b"example.net",
    b"company.com",
    b"mycompany.com",
    b"yourcompany.com",
    b"domain.com",
    b"mydomain.com",
    b"yourdomain.com",
];

/// Whether `text` is an address that says something about somebody: not `user@example.com`, which stands in manuals,
/// and not `noreply@…` or `git@…`, which belong to services.
pub(super) fn is_mailbox(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    let at = text.iter().position(|&byte| byte == b'@').unwrap_or(text.len());
    let (local, domain) = text.split_at(at);
    let domain = domain.get(1..).unwrap_or_default();
    // In names of files and tables an underscore, which is no part of a host name, may follow.
    let domain = domain.strip_suffix(b"_").unwrap_or(domain);
    !(ROBOTS.contains(&local) || NOBODY.contains(&local) && RESERVED.contains(&domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manuals_and_services_are_nobody() {
        assert!(is_mailbox(b"joe@example.com") && is_mailbox(b"user@corp.example"));
        assert!(!is_mailbox(b"User@example.com") && !is_mailbox(b"noreply@corp.example"));
        assert!(is_mailbox(b"joe@corp.example_") && !is_mailbox(b"user@example.com_"));
        assert!(!is_mailbox(b"boss@company.com") && is_mailbox(b"boss@corp.example"));
    }
}
