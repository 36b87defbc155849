//! Values as PostgreSQL's protocol has them.

use std::error::Error;
use std::fmt;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};

use crate::Value;

type Boxed = Box<dyn Error + Sync + Send>;

/// A value of a statement. `Debug` says of which kind it is only: the client gives it to its log.
pub(crate) struct Given<'a>(pub(crate) Value<'a>);

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Value::Null => "null",
            Value::Int(_) => "number",
            Value::Text(_) => "text",
            Value::Blob(_) => "bytes",
        })
    }
}

impl ToSql for Given<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match (self.0, ty) {
            (Value::Null, _) => return Ok(IsNull::Yes),
            (Value::Int(number), &Type::INT8) => out.extend_from_slice(&number.to_be_bytes()),
            (Value::Int(number), &Type::INT4) => out.extend_from_slice(&i32::try_from(number)?.to_be_bytes()),
            (Value::Int(number), &Type::BOOL) => out.extend_from_slice(&[u8::from(number != 0)]),
            (Value::Text(text), &(Type::TEXT | Type::VARCHAR | Type::NAME)) => out.extend_from_slice(text.as_bytes()),
            (Value::Blob(bytes), &Type::BYTEA) => out.extend_from_slice(bytes),
            _ => return Err(format!("a {self:?} where the statement takes {ty}").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// A value of a row.
pub(crate) struct Read<'a>(pub(crate) Value<'a>);

impl<'a> FromSql<'a> for Read<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        Ok(Self(match *ty {
            Type::INT8 => Value::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Value::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Value::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Value::Int(i64::from(raw != [0])),
            Type::TEXT | Type::VARCHAR | Type::NAME => Value::Text(str::from_utf8(raw)?),
            Type::BYTEA => Value::Blob(raw),
            _ => return Err(format!("a value of the type {ty}").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Boxed> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
