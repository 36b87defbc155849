"""Writes a DICOM file with a text in its tags, reads it again, and prints it in the DICOM JSON model (PS3.18 annex F).

Usage: poisoned.py FILE WHERE < TEXT, where WHERE is comments, private, sequence or description.
"""

import sys

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage


def poisoned(path, where, text):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID = meta.MediaStorageSOPClassUID
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.SpecificCharacterSet = "ISO_IR 192"
    data.Modality = "MR"
    data.StudyDescription = "MR knee left"
    data.PatientName = "Collins^Martha"
    data.PatientID = "4471902"
    step = Dataset()
    step.ScheduledProcedureStepDescription = "MR knee left"
    if where == "comments":
        data.PatientComments = text
    elif where == "private":
        block = data.private_block(0x0009, "ACME NOTES", create=True)
        block.add_new(0x01, "LT", text)
    elif where == "sequence":
        step.CommentsOnTheScheduledProcedureStep = text
    elif where == "description":
        data.ImageComments = text
    else:
        raise SystemExit(f"there is no place {where}")
    data.RequestAttributesSequence = [step]
    data.save_as(path, enforce_file_format=True)


path, where = sys.argv[1:3]
poisoned(path, where, sys.stdin.read())
print(pydicom.dcmread(path).to_json())
