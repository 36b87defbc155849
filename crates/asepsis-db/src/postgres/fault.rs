use std::error::Error as _;
use std::fmt;

/// What PostgreSQL said: the code, and the names of table and rule. Its message and detail may hold values and are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgFault {
    /// The five characters of SQLSTATE; absent where the server said nothing.
    code: Option<String>,
    /// The rule, or else the table, that it names.
    about: Option<String>,
    /// What happened where the server said nothing.
    why: Option<String>,
}

impl PgFault {
    /// Something between this process and the server.
    pub(crate) fn link(why: impl Into<String>) -> Self {
        Self { code: None, about: None, why: Some(why.into()) }
    }

    /// What the client found by itself, and the server has a code for.
    fn of_code(code: &str) -> Self {
        Self { code: Some(code.to_owned()), about: None, why: None }
    }

    /// The SQLSTATE, where the server said one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    pub(crate) fn is_constraint(&self) -> bool {
        // foreign_key_violation, unique_violation.
        matches!(self.code(), Some("23503" | "23505"))
    }

    fn remedy(&self) -> &'static str {
        let Some(code) = self.code() else {
            return "; look whether the server runs and can be reached, then restart";
        };
        match code {
            "22023" => {
                "; a value is not of the kind that its column holds, look whether the database is of this version"
            }
            "28000" | "28P01" => {
                "; it refuses the user or the password, look at the address, the password and pg_hba.conf"
            }
            "3D000" => "; there is no such database, make it with `createdb`",
            "3F000" => "; there is no such schema",
            "42501" => "; the user lacks a right, make it the owner of the schema",
            "25006" => "; the server or the connection takes no writes, name the primary",
            "53100" => "; the server's disk is full, make room",
            "53300" => "; the server has no connection left, raise max_connections",
            "55P03" => "; another process holds the database, stop it or wait",
            "57P01" | "57P02" | "57P03" => "; the server is being stopped or starts, restart when it is there",
            "58030" | "58P01" => "; the server's disk answers with errors, look at its log",
            "XX001" | "XX002" => "; the database is damaged, restore it from a backup",
            _ => "; the server's log says more",
        }
    }
}

impl From<&tokio_postgres::Error> for PgFault {
    fn from(error: &tokio_postgres::Error) -> Self {
        if let Some(said) = error.as_db_error() {
            let about = said.constraint().or(said.table()).map(str::to_owned);
            return Self { code: Some(said.code().code().to_owned()), about, why: None };
        }
        if error.is_closed() {
            return Self::link("the connection to the server is cut");
        }
        // The client's own words say of which kind it is, and hold no value.
        let said = error.to_string();
        let values = ["error serializing", "error deserializing", "expected", "invalid column", "query returned"];
        if values.iter().any(|beginning| said.starts_with(beginning)) {
            return Self::of_code("22023");
        }
        if said == "authentication error" || said == "invalid configuration" {
            return Self::of_code("28000");
        }
        let mut why = format!("the server cannot be reached ({said})");
        let mut source = error.source();
        while let Some(cause) = source {
            // The system's and TLS's own words.
            if cause.is::<std::io::Error>() || cause.is::<rustls::Error>() {
                why = format!("the server cannot be reached ({cause})");
                break;
            }
            source = cause.source();
        }
        Self::link(why)
    }
}

impl From<tokio_postgres::Error> for PgFault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::from(&error)
    }
}

impl std::error::Error for PgFault {}

impl fmt::Display for PgFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.why) {
            (Some(code), _) => write!(f, "PostgreSQL answers with {code}")?,
            (None, Some(why)) => f.write_str(why)?,
            (None, None) => f.write_str("PostgreSQL cannot be used")?,
        }
        if let Some(about) = &self.about {
            write!(f, " on `{about}`")?;
        }
        f.write_str(self.remedy())
    }
}
