use asepsis_db::NotStored;
use asepsis_vocab::SubjectId;

use crate::keys::{LINK, RETRIES, fixed, tampered};
use crate::rows::{self, Change};
use crate::secret::random_id;
use crate::{KeyError, KeyPlace, Keys, PatientId};

impl Keys {
    /// The pseudonym of a patient; a new, random one where there is none yet, durable when this returns.
    ///
    /// # Errors
    /// [`KeyError::Stopped`]; [`KeyError::Tampered`]; [`KeyError::Db`].
    pub async fn subject(&self, patient: &PatientId) -> Result<SubjectId, KeyError> {
        for _ in 0..RETRIES {
            if let Some(subject) = self.find_subject(patient).await? {
                return Ok(subject);
            }
            match self.link(patient, SubjectId::from_random(random_id()?)).await {
                Err(KeyError::Contended) => {}
                linked => return linked,
            }
        }
        Err(KeyError::Contended)
    }

    /// The pseudonym of a patient, where there is one.
    ///
    /// # Errors
    /// [`KeyError::Tampered`]; [`KeyError::Db`].
    pub async fn find_subject(&self, patient: &PatientId) -> Result<Option<SubjectId>, KeyError> {
        let blind = self.blind(patient)?;
        let Some((epoch, wrapped)) = rows::link(&self.shared.db, blind).await? else { return Ok(None) };
        let opened = self.epoch(epoch).await?.unwrap(KeyPlace { kind: LINK, id: &blind }, &wrapped);
        Ok(Some(SubjectId::from_random(fixed(&opened.ok_or_else(|| tampered(LINK))?)?)))
    }

    /// Gives a patient who has a pseudonym already another number: the same person in another system, or two records
    /// that turned out to be one person's.
    ///
    /// # Errors
    /// [`KeyError::Contended`] if that number leads to somebody already; [`KeyError::Shredded`] if the subject was.
    pub async fn link(&self, patient: &PatientId, subject: SubjectId) -> Result<SubjectId, KeyError> {
        let blind = self.blind(patient)?;
        let epoch = self.current();
        let wrapped = epoch.wrap(KeyPlace { kind: LINK, id: &blind }, subject.as_bytes())?;
        let change = Change::Link { blind, subject: *subject.as_bytes(), epoch: epoch.number(), wrapped };
        match self.shared.writer.store(change).await {
            Ok(0) => Err(self.shredded_subject(subject).await?),
            Ok(_) => Ok(subject),
            Err(NotStored::Conflict) => Err(KeyError::Contended),
            Err(e) => Err(e.into()),
        }
    }

    fn blind(&self, patient: &PatientId) -> Result<[u8; 16], KeyError> {
        let [system, value] = patient.parts();
        Ok(self.shared.persons.get().ok_or(KeyError::Closed)?.tag(&[b"person", system, value]))
    }
}
