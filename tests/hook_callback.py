"""A callback for tests that do something in one hook or in all."""

from minidl import Callback

HOOKS = ["on_train_begin", "on_gradient", "on_batch_end", "on_epoch_end", "on_train_end"]


class InEachHook(Callback):
    """Calls `call` with the name of each hook and the training; a subclass defines it."""

    def on_train_begin(self, run):
        self.call("on_train_begin", run)

    def on_gradient(self, run):
        self.call("on_gradient", run)

    def on_batch_end(self, run):
        self.call("on_batch_end", run)

    def on_epoch_end(self, run):
        self.call("on_epoch_end", run)

    def on_train_end(self, run):
        self.call("on_train_end", run)
