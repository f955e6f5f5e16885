from django.db import migrations, models


class Migration(migrations.Migration):
    """A column with a default that the database knows: no row is written anew."""

    dependencies = [("measures", "0013_what_an_overdose_looks_like")]

    operations = [
        migrations.AddField(
            model_name="reminderwish",
            name="after_care",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="Also after I have finished the program"
            ),
        ),
    ]
