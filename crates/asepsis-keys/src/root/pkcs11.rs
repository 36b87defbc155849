//! The root in a hardware security module, through the maker's PKCS#11 library
//! (<https://docs.oasis-open.org/pkcs11/pkcs11-base/v3.0/>).

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Library};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use crate::Secret;
use crate::root::{Destruction, EpochPlace, Root, RootError, RootFuture, RootKeyId};
use crate::secret::{hex, joined, random_id};

const SCHEME: &str = "pkcs11";

/// Bytes of a nonce of AES-GCM.
const NONCE: usize = 12;

/// How a token is reached.
#[derive(Clone)]
pub struct Pkcs11Options {
    /// The maker's library.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The PIN of its user.
    pub pin: Zeroizing<String>,
}

/// A token that keeps an AES-256 key for each epoch, never lets it out, and seals with CKM_AES_GCM.
pub struct Pkcs11(Arc<Token>);

struct Token {
    library: Library,
    slot: Slot,
    label: String,
    pin: AuthPin,
    /// Whether one is logged in counts for all of a process's sessions, so there is one at a time.
    turn: Mutex<()>,
}

impl Pkcs11 {
    /// Loads the library, finds the token and logs in once, so that a wrong PIN is told now.
    ///
    /// # Errors
    /// [`RootError::Unreachable`]: no such library or token; [`RootError::Refused`]: the PIN.
    pub async fn open(options: Pkcs11Options) -> Result<Self, RootError> {
        blocking(move || Token::open(options).map(|token| Self(Arc::new(token)))).await
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Token) -> Result<T, RootError> + Send + 'static,
    ) -> RootFuture<'_, T> {
        let token = self.0.clone();
        Box::pin(blocking(move || work(&token)))
    }
}

impl Root for Pkcs11 {
    fn holds(&self, key: &RootKeyId) -> bool {
        self.0.label_of(key).is_some()
    }

    fn create<'a>(&'a self, place: &'a EpochPlace) -> RootFuture<'a, RootKeyId> {
        let label = format!("asepsis-{}", place.name());
        self.with(move |token| token.create(&label))
    }

    fn wrap<'a>(&'a self, key: &'a RootKeyId, place: &'a EpochPlace, secret: &'a Secret) -> RootFuture<'a, Vec<u8>> {
        let (key, place, secret) = (key.clone(), place.clone(), secret.clone());
        self.with(move |token| token.wrap(&key, &place, &secret))
    }

    fn unwrap<'a>(&'a self, key: &'a RootKeyId, place: &'a EpochPlace, wrapped: &'a [u8]) -> RootFuture<'a, Secret> {
        let (key, place, wrapped) = (key.clone(), place.clone(), wrapped.to_vec());
        self.with(move |token| token.unwrap(&key, &place, &wrapped))
    }

    fn destroy<'a>(&'a self, key: &'a RootKeyId) -> RootFuture<'a, Destruction> {
        let key = key.clone();
        self.with(move |token| token.destroy(&key))
    }
}

impl fmt::Debug for Pkcs11 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11").field("token", &self.0.label).finish_non_exhaustive()
    }
}

impl fmt::Debug for Pkcs11Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Options")
            .field("module", &self.module)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl Token {
    fn open(options: Pkcs11Options) -> Result<Self, RootError> {
        let root = format!("the PKCS#11 library {}", options.module.display());
        let unreachable = |why: String| RootError::Unreachable { root: root.clone(), why };
        let library = Library::new(&options.module).map_err(|e| unreachable(e.to_string()))?;
        match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // By another root of this process.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(e) => return Err(unreachable(e.to_string())),
        }
        let slots = library.get_slots_with_initialized_token().map_err(|e| unreachable(e.to_string()))?;
        let has_label = |slot: &Slot| {
            library.get_token_info(*slot).is_ok_and(|info| info.label().trim_end() == options.token.trim_end())
        };
        let slot = slots.into_iter().find(has_label).ok_or_else(|| {
            unreachable(format!("it has no token of the label `{}`; make one, or correct the label", options.token))
        })?;
        let pin = AuthPin::from(options.pin.as_str().to_owned());
        let token = Self { library, slot, label: options.token, pin, turn: Mutex::new(()) };
        token.session("log in", |_| Ok(()))?;
        Ok(token)
    }

    /// The label and the id of a key, where it is of this token.
    fn label_of(&self, key: &RootKeyId) -> Option<(String, Vec<u8>)> {
        let (label, id) = key.name(SCHEME)?.strip_prefix(&self.label)?.strip_prefix(':')?.rsplit_once(':')?;
        Some((label.to_owned(), data_encoding::HEXLOWER.decode(id.as_bytes()).ok()?))
    }

    fn create(&self, label: &str) -> Result<RootKeyId, RootError> {
        let id = random_id()?;
        self.session("make a key", |session| {
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(32.into()),
                Attribute::Label(label.as_bytes().to_vec()),
                Attribute::Id(id.to_vec()),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
            ];
            session.generate_key(&Mechanism::AesKeyGen, &template)
        })?;
        Ok(RootKeyId::new(SCHEME, &format!("{}:{label}:{}", self.label, hex(&id))))
    }

    fn wrap(&self, key: &RootKeyId, place: &EpochPlace, secret: &Secret) -> Result<Vec<u8>, RootError> {
        let aad = joined(&[&place.to_bytes(), key.to_string().as_bytes()]);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&random_id()?[..NONCE]);
        let sealed = self.of_key("seal", key, |session, handle| {
            let params = GcmParams::new(&mut nonce, &aad, 128.into())?;
            session.encrypt(&Mechanism::AesGcm(params), handle, secret.as_bytes())
        })?;
        // A token that chooses the nonce itself has written it there.
        Ok([&nonce[..], &sealed].concat())
    }

    fn unwrap(&self, key: &RootKeyId, place: &EpochPlace, wrapped: &[u8]) -> Result<Secret, RootError> {
        let aad = joined(&[&place.to_bytes(), key.to_string().as_bytes()]);
        let tampered = || RootError::Tampered(place.epoch);
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE>().ok_or_else(tampered)?;
        let mut nonce = *nonce;
        let opened = self.of_key("open", key, |session, handle| {
            let params = GcmParams::new(&mut nonce, &aad, 128.into())?;
            // What is no such ciphertext is told by different codes from one maker to the next.
            match session.decrypt(&Mechanism::AesGcm(params), handle, sealed) {
                Ok(opened) => Ok(Some(Zeroizing::new(opened))),
                Err(Error::Pkcs11(code, _)) if is_bad_ciphertext(code) => Ok(None),
                Err(e) => Err(e),
            }
        })?;
        opened.and_then(|bytes| Secret::from_slice(&bytes)).ok_or_else(tampered)
    }

    fn destroy(&self, key: &RootKeyId) -> Result<Destruction, RootError> {
        let destroyed = self.of_key("destroy a key", key, Session::destroy_object);
        match destroyed {
            Ok(()) | Err(RootError::Gone(_)) => Ok(Destruction::Done),
            Err(e) => Err(e),
        }
    }

    fn of_key<T>(
        &self,
        doing: &'static str,
        key: &RootKeyId,
        work: impl FnOnce(&Session, ObjectHandle) -> Result<T, Error>,
    ) -> Result<T, RootError> {
        let (label, id) = self.label_of(key).ok_or(RootError::WrongKey)?;
        let done = self.session(doing, |session| {
            let template =
                [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Label(label.into_bytes()), Attribute::Id(id)];
            match session.find_objects(&template)?.as_slice() {
                [] => Ok(None),
                [handle, ..] => work(session, *handle).map(Some),
            }
        })?;
        done.ok_or_else(|| RootError::Gone(key.clone()))
    }

    /// Runs `work` in a session of its own: one that was kept would be dead after the module was restarted.
    fn session<T>(&self, doing: &'static str, work: impl FnOnce(&Session) -> Result<T, Error>) -> Result<T, RootError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let run = || {
            let session = self.library.open_rw_session(self.slot)?;
            match session.login(UserType::User, Some(&self.pin)) {
                Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
                Err(e) => return Err(e),
            }
            work(&session)
        };
        run().map_err(|e: Error| self.refused(doing, &e))
    }

    fn refused(&self, doing: &'static str, error: &Error) -> RootError {
        let root = format!("the PKCS#11 token `{}`", self.label);
        let why = match error {
            Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
                "the PIN is wrong; correct it before the token locks".to_owned()
            }
            Error::Pkcs11(RvError::PinLocked, _) => {
                "its PIN is locked; its security officer has to set a new one".to_owned()
            }
            Error::Pkcs11(RvError::DeviceRemoved | RvError::TokenNotPresent | RvError::DeviceError, _) => {
                return RootError::Unreachable {
                    root,
                    why: "it is not there, or does not answer; connect it".to_owned(),
                };
            }
            Error::Pkcs11(RvError::MechanismInvalid, _) => {
                "it does not know CKM_AES_GCM or CKM_AES_KEY_GEN; use another token".to_owned()
            }
            other => other.to_string(),
        };
        RootError::Refused { root, doing, why }
    }
}

fn is_bad_ciphertext(code: RvError) -> bool {
    matches!(
        code,
        RvError::EncryptedDataInvalid
            | RvError::EncryptedDataLenRange
            | RvError::DataInvalid
            | RvError::DataLenRange
            | RvError::GeneralError
    )
}

/// Runs `work` where waiting for a device harms nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RootError> + Send + 'static,
) -> Result<T, RootError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(RootError::Unreachable {
            root: "the PKCS#11 token".to_owned(),
            why: "its library broke off; restart".to_owned(),
        })
    })
}
