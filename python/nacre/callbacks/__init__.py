"""Callbacks: code that runs at the stages of ``fit``, ``evaluate`` and ``predict``."""

from nacre.callbacks.backup_and_restore import BackupAndRestore as BackupAndRestore
from nacre.callbacks.callback import Callback as Callback
from nacre.callbacks.callback_list import CallbackList as CallbackList
from nacre.callbacks.csv_logger import CSVLogger as CSVLogger
from nacre.callbacks.early_stopping import EarlyStopping as EarlyStopping
from nacre.callbacks.history import History as History
from nacre.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from nacre.callbacks.learning_rate_scheduler import LearningRateScheduler as LearningRateScheduler
from nacre.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from nacre.callbacks.progbar_logger import ProgbarLogger as ProgbarLogger
from nacre.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau as ReduceLROnPlateau
from nacre.callbacks.remote_monitor import RemoteMonitor as RemoteMonitor
from nacre.callbacks.swap_ema_weights import SwapEMAWeights as SwapEMAWeights
from nacre.callbacks.tensorboard import TensorBoard as TensorBoard
from nacre.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
